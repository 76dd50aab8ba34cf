import { ExpressionError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';

/** What only a run can tell: the answer to a question that has not been asked yet. */
export const LATE: unique symbol = Symbol('known when resources are there');
export type Value = Json | typeof LATE;

/** What an expression asks of resources as they are when its own resource is made. `id` is that of a resource. */
export type Question =
  | { readonly kind: 'reference'; readonly id: string; readonly apiVersion: string }
  | { readonly kind: 'listKeys'; readonly id: string; readonly apiVersion: string };

/** A resource that an expression names. */
export interface Target {
  readonly id: string;
  readonly apiVersion: string;
}

/** Resources, for expressions that are evaluated as those are made. */
export interface LateScope {
  /** Finds by name or id; `apiVersion`: what the expression says, and it must for what is not in the template. */
  target(name: string, apiVersion: string | undefined): Target;
  /** Those of a loop, by its symbolic name. */
  targets(name: string): readonly Target[];
  ask(question: Question): Value;
}

/** Where a deployment takes place: what `resourceGroup()`, `subscription()` and their like answer. */
export interface Ambient {
  readonly tenant: JsonObject;
  readonly subscription: JsonObject & { readonly subscriptionId: string };
  /** Null: the deployment is one of a subscription. */
  readonly resourceGroup: (JsonObject & { readonly name: string }) | null;
  readonly environment: JsonObject;
  readonly deployment: JsonObject;
  /** For `utcNow()`: `2026-11-30T08:15:00.000Z`. */
  readonly now: string;
  /** For `newGuid()`. */
  readonly newGuid: () => string;
}

/** What the names in an expression mean. */
export interface Scope {
  readonly ambient: Ambient;
  /** Work that may still be done; the same object in all scopes of one evaluation. */
  readonly budget: { work: number };
  /** Null: values of parameters are not known here. */
  readonly parameter: ((name: string) => Json) | null;
  readonly variable: ((name: string) => Json) | null;
  /** The loops around, the innermost last. */
  readonly loops: readonly Loop[];
  /** Null: nothing may be asked of resources here. */
  readonly late: LateScope | null;
  /** True: a default value of a parameter, where alone `utcNow()` and `newGuid()` may stand. */
  readonly isDefault: boolean;
}

/** A turn of a copy loop. */
export interface Loop {
  readonly name: string;
  readonly index: number;
  /** The loop makes resources: what `copyIndex()` without a name means. */
  readonly ofResources: boolean;
}

/** For the functions that may not stand everywhere. */
export function notHere(name: string): ExpressionError {
  return new ExpressionError(`The template function '${name}' is not expected at this location`);
}
