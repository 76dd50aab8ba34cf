import { ExpressionError } from './errors.ts';
import { evaluateText } from './expression/evaluate.ts';
import { LATE, type Loop, type Scope } from './expression/scope.ts';
import { bounded } from './expression/weight.ts';
import { isArray, isObject, type Json, type JsonObject } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';

/** What a part of a template stands for. */
export interface Resolved {
  /** Expressions that ask what is not known yet stand in it as they are written. */
  readonly value: Json;
  readonly isLate: boolean;
}

/** Evaluates all expressions in a part of a template, in names as well, and its copy loops. @throws ExpressionError */
export function resolve(source: Json, scope: Scope): Resolved {
  const resolving = new Resolving();
  const value = resolving.value(source, scope);
  return { value: bounded(value), isLate: resolving.isLate };
}

/** @throws ExpressionError where it is not known yet, which is nowhere that `scope.late` is null. */
export function resolveNow(source: Json, scope: Scope): Json {
  const { value, isLate } = resolve(source, { ...scope, late: null });
  if (isLate) throw new Error('what may ask nothing of resources is late');
  return value;
}

/** A copy loop's count. @throws ExpressionError */
export function countOf(source: Json | undefined, scope: Scope): number {
  const count = source === undefined ? undefined : resolveNow(source, scope);
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= TEMPLATE_LIMITS.copies) return count;
  throw new ExpressionError(`Copy count must be an integer from 0 to '${TEMPLATE_LIMITS.copies}', and is '${JSON.stringify(count ?? null)}'`);
}

/** The scope of one turn of a loop. */
export function inLoop(scope: Scope, loop: Loop): Scope {
  return { ...scope, loops: [...scope.loops, loop] };
}

class Resolving {
  isLate = false;

  value(source: Json, scope: Scope): Json {
    if (typeof source === 'string') return this.#text(source, scope);
    if (isArray(source)) return source.map((item) => this.value(item, scope));
    if (!isObject(source)) return source;
    const members = Object.entries(source).filter(([name, value]) => !(name === 'copy' && isLoops(value)))
      .map(([name, value]) => [this.#name(name, scope), this.value(value, scope)] as const);
    return Object.fromEntries([...members, ...this.#loops(source['copy'], scope)]);
  }

  #text(source: string, scope: Scope): Json {
    const value = evaluateText(source, scope);
    if (value !== LATE) return value;
    this.isLate = true;
    return source;
  }

  #name(source: string, scope: Scope): string {
    const name = this.#text(source, scope);
    if (typeof name !== 'string') throw new ExpressionError(`The property name '${source}' must be a string`);
    return name;
  }

  /** `"copy": [{ "name", "count", "input" }]` makes an array of each name. */
  #loops(source: Json | undefined, scope: Scope): readonly (readonly [string, Json])[] {
    if (source === undefined || !isLoops(source)) return [];
    return source.map(({ name, count, input }) => [name, Array.from({ length: countOf(count, scope) }, (_, index) => this.value(input, inLoop(scope, { name, index, ofResources: false })))]);
  }
}

interface PropertyLoop extends JsonObject {
  readonly name: string;
  readonly count: Json;
  readonly input: Json;
}

function isLoops(value: Json): value is readonly PropertyLoop[] {
  return isArray(value) && value.length > 0 && value.every((item) => isObject(item) && typeof item['name'] === 'string' && item['count'] !== undefined && item['input'] !== undefined);
}
