import { ExpressionError, HELP, invalid, within } from './errors.ts';
import type { Loop, Scope } from './expression/scope.ts';
import { idOf, typeAndName } from './ids.ts';
import { isArray, isObject, type Json, type JsonObject, sameText } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import type { Place, Places } from './places.ts';
import { countOf, inLoop, resolveNow } from './resolve.ts';
import { type DeclaredResource, declaredIn, type Template } from './template.ts';

/** A resource of the template: one of each turn of a copy loop, nested ones beside those that hold them. */
export interface TemplateResource {
  readonly id: string;
  readonly type: string;
  /** With those of the resources around it: `account/pool`. */
  readonly name: string;
  readonly apiVersion: string;
  /** `existing`: it is read, and not made. */
  readonly isExisting: boolean;
  /** Its condition holds. */
  readonly isWanted: boolean;
  /** As the template has it, expressions and all. */
  readonly source: JsonObject;
  readonly loops: readonly Loop[];
  readonly place: Place;
  /** What it says it waits for, in any form that `dependsOn` may have. */
  readonly dependsOn: readonly string[];
  readonly symbol: string | null;
  readonly copy: Copy | null;
}

/** `batchSize` 0: all at once. */
interface Copy {
  readonly name: string;
  readonly index: number;
  readonly batchSize: number;
}

/** @throws TemplateError */
export function resourcesOf(template: Template, places: Places, scope: Scope): readonly TemplateResource[] {
  const resources: TemplateResource[] = [];
  const add = (declared: DeclaredResource, at: Scope, parent: TemplateResource | null): void => {
    for (const resource of turnsOf(declared, at, parent)) {
      resources.push(resource);
      if (resources.length > TEMPLATE_LIMITS.resources)
        throw invalid(`The number of template resources limit exceeded. Limit: '${TEMPLATE_LIMITS.resources}' and actual: more. ${HELP.resources}`, declared.place);
      for (const child of declaredIn(declared.value, places, declared.path)) add(child, { ...at, loops: resource.loops }, resource);
    }
  };
  for (const declared of template.resources) add(declared, scope, null);
  requireDistinct(resources);
  return resources;
}

function turnsOf(declared: DeclaredResource, scope: Scope, parent: TemplateResource | null): readonly TemplateResource[] {
  return inResource(declared, () => {
    const loop = declared.value['copy'];
    if (loop === undefined) return [expand(declared, scope, parent, null)];
    if (parent !== null) throw new ExpressionError('Copy is not supported in nested resources');
    if (!isObject(loop) || typeof loop['name'] !== 'string') throw new ExpressionError('Copy must be an object with a name and a count');
    const name = loop['name'];
    const batchSize = batchSizeOf(loop, scope);
    return Array.from({ length: countOf(loop['count'], scope) }, (_, index) => expand(declared, inLoop(scope, { name, index, ofResources: true }), parent, { name, index, batchSize }));
  });
}

function batchSizeOf({ mode = 'Parallel', batchSize = 1 }: JsonObject, scope: Scope): number {
  const [modeNow, size] = [resolveNow(mode, scope), resolveNow(batchSize, scope)];
  if (typeof modeNow !== 'string' || !/^(?:parallel|serial)$/i.test(modeNow)) throw new ExpressionError(`The copy mode '${JSON.stringify(modeNow)}' is none of 'Parallel, Serial'`);
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1) throw new ExpressionError(`The copy batch size '${JSON.stringify(size)}' must be a positive integer`);
  return sameText(modeNow, 'serial') ? size : 0;
}

function expand(declared: DeclaredResource, scope: Scope, parent: TemplateResource | null, copy: Copy | null): TemplateResource {
  const { value } = declared;
  const type = below(parent?.type, textOf(value, 'type', scope));
  const name = below(parent?.name, textOf(value, 'name', scope));
  requireSegments(type, name, declared.place);
  return {
    id: idOf(scopeOf(value, scope), type, name),
    type,
    name,
    apiVersion: textOf(value, 'apiVersion', scope),
    isExisting: value['existing'] === true,
    isWanted: conditionOf(value['condition'], scope),
    source: value,
    loops: scope.loops,
    place: declared.place,
    dependsOn: dependenciesOf(value['dependsOn'], scope),
    symbol: declared.symbol,
    copy,
  };
}

/** Type and name of a nested resource follow those of the one around it. */
function below(parent: string | undefined, own: string): string {
  return parent === undefined ? own : `${parent}/${own}`;
}

function textOf(value: JsonObject, member: string, scope: Scope): string {
  const text = resolveNow(value[member] ?? null, scope);
  if (typeof text === 'string' && text !== '') return text;
  throw new ExpressionError(`The '${member}' property must be a text that is not empty, and is '${JSON.stringify(text)}'`);
}

/** The condition of a resource or an output. */
export function conditionOf(condition: Json | undefined, scope: Scope): boolean {
  const holds = condition === undefined ? true : resolveNow(condition, scope);
  if (typeof holds !== 'boolean') throw new ExpressionError(`The condition must be a boolean, and is '${JSON.stringify(holds)}'`);
  return holds;
}

function dependenciesOf(dependsOn: Json | undefined, scope: Scope): readonly string[] {
  const all = dependsOn === undefined ? [] : resolveNow(dependsOn, scope);
  if (!isArray(all) || !all.every((item) => typeof item === 'string')) throw new ExpressionError(`The 'dependsOn' property must be an array of names and ids, and is '${JSON.stringify(all)}'`);
  return all;
}

/** What the id of a resource begins with: the group, or the resource that it extends. */
function scopeOf(value: JsonObject, scope: Scope): string {
  const { subscription, resourceGroup } = scope.ambient;
  const named = (member: string): string | undefined => (value[member] === undefined ? undefined : textOf(value, member, scope));
  const within = `/subscriptions/${named('subscriptionId') ?? subscription.subscriptionId}`;
  const group = named('resourceGroup') ?? resourceGroup?.name;
  const own = group === undefined ? within : `${within}/resourceGroups/${group}`;
  const other = named('scope');
  if (other === undefined) return own;
  if (other.startsWith('/subscriptions/')) return other;
  const [namespace = '', type = '', ...rest] = other.split('/');
  if (!namespace.includes('.') || rest.length % 2 === 0) throw new ExpressionError(`The scope '${other}' is not served: it is neither a resource of the template's group nor an id`);
  return `${own}/providers/${[namespace, type, ...rest].join('/')}`;
}

function requireSegments(type: string, name: string, place: Place): void {
  if (type.split('/').length === name.split('/').length + 1 && !name.split('/').includes('')) return;
  throw invalid(
    `The template resource '${name}' for type '${type}' at line '${place.line}' and column '${place.column}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. ${HELP.resources}`,
    place,
  );
}

function requireDistinct(resources: readonly TemplateResource[]): void {
  const seen = new Set<string>();
  for (const { id, type, name, isExisting, place } of resources) {
    if (isExisting) continue;
    if (seen.has(id.toLowerCase()))
      throw invalid(`The resource '${typeAndName(type, name)}' at line '${place.line}' and column '${place.column}' is defined multiple times in a template. ${HELP.resources}`, place);
    seen.add(id.toLowerCase());
  }
}

/** Evaluates something of a resource. @throws TemplateError */
export function inResource<T>({ value, place }: { readonly value: JsonObject; readonly place: Place }, evaluate: () => T): T {
  return within(`The template resource '${String(value['name'])}'`, place, evaluate);
}
