import { ExpressionError, within } from './errors.ts';
import type { Scope } from './expression/scope.ts';
import { isArray, isObject, type Json } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { below, type Place } from './places.ts';
import { countOf, inLoop, resolveNow } from './resolve.ts';
import type { Template } from './template.ts';

interface Variable {
  readonly name: string;
  readonly place: Place;
  readonly evaluate: (scope: Scope) => Json;
}

/**
 * Looks variables up by name, each evaluated when it is first asked for. One may need others, but not itself.
 *
 * @throws TemplateError
 */
export function variablesOf(template: Template, scope: Scope): (name: string) => Json {
  const declared = new Map(declaredVariables(template).map((variable) => [variable.name.toLowerCase(), variable]));
  const known = new Map<string, Json>();
  const open = new Set<string>();
  const lookUp = (asked: string): Json => {
    const key = asked.toLowerCase();
    const variable = declared.get(key);
    if (variable === undefined) throw new ExpressionError(`The template variable '${asked}' is not found`);
    const found = known.get(key);
    if (found !== undefined) return found;
    if (open.has(key)) throw new ExpressionError(`The template variables '${[...open].join(', ')}' need each other in a circle`);
    if (open.size >= TEMPLATE_LIMITS.expressionDepth) throw new ExpressionError(`More than '${TEMPLATE_LIMITS.expressionDepth}' template variables need each other in a row`);
    open.add(key);
    const value = within(`The template variable '${variable.name}'`, variable.place, () => variable.evaluate({ ...scope, variable: lookUp }));
    open.delete(key);
    known.set(key, value);
    return value;
  };
  // Those that nothing uses as well: a template is refused for them too.
  for (const { name } of declared.values()) lookUp(name);
  return lookUp;
}

/** With the arrays that `"copy": [{ "name", "count", "input" }]` among the variables makes. */
function declaredVariables(template: Template): readonly Variable[] {
  return [...template.variables].flatMap(([name, { value, place }]) => {
    if (name === 'copy' && isArray(value)) return value.map((loop, index) => loopVariable(loop, { ...place, path: below(place.path, index) }));
    return [{ name, place, evaluate: (scope) => resolveNow(value, scope) }];
  });
}

function loopVariable(loop: Json, place: Place): Variable {
  const { name = null, count, input = null } = isObject(loop) ? loop : {};
  return {
    name: String(name),
    place,
    evaluate: (scope) => Array.from({ length: countOf(count, scope) }, (_, index) => resolveNow(input, inLoop(scope, { name: String(name), index, ofResources: false }))),
  };
}
