import { ExpressionError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import { type Loop, notHere } from '../scope.ts';
import { type Call, type Functions, optionalText, strict, text, whole } from './call.ts';

/** Of the deployment and its place (Azure documentation, "Deployment functions", "Scope functions"). */
export const DEPLOYMENT_FUNCTIONS: Functions = {
  copyIndex: strict(0, 2, copyIndex),
  deployment: strict(0, 0, ({ scope }) => scope.ambient.deployment),
  environment: strict(0, 0, ({ scope }) => scope.ambient.environment),
  newGuid: strict(0, 0, ({ name, scope }) => {
    if (!scope.isDefault) throw notHere(name);
    return scope.ambient.newGuid();
  }),
  parameters: strict(1, 1, (call) => {
    if (call.scope.parameter === null) throw notHere(call.name);
    return call.scope.parameter(text(call, 0));
  }),
  resourceGroup: strict(0, 0, ({ name, scope }) => {
    if (scope.ambient.resourceGroup === null) throw notHere(name);
    return scope.ambient.resourceGroup;
  }),
  subscription: strict(0, 0, ({ scope }) => scope.ambient.subscription),
  tenant: strict(0, 0, ({ scope }) => scope.ambient.tenant),
  utcNow: strict(0, 1, utcNow),
  variables: strict(1, 1, (call) => {
    if (call.scope.variable === null) throw notHere(call.name);
    return call.scope.variable(text(call, 0));
  }),
};

/** `copyIndex()`, `copyIndex(1)`, `copyIndex('loop')`, `copyIndex('loop', 1)`. */
function copyIndex(call: Call): Json {
  const named = typeof call.args[0] === 'string';
  const name = named ? text(call, 0) : undefined;
  const at = named ? 1 : 0;
  const offset = call.args.length > at ? whole(call, at) : 0;
  const loop = loopOf(call.scope.loops, name);
  if (loop === undefined) {
    const which = name === undefined ? '' : ` of the name '${name}'`;
    throw new ExpressionError(`The template function '${call.name}' is not expected at this location. The function can only be used in a resource or property with a copy loop${which}`);
  }
  return loop.index + offset;
}

function loopOf(loops: readonly Loop[], name: string | undefined): Loop | undefined {
  if (name !== undefined) return loops.findLast((loop) => loop.name.toLowerCase() === name.toLowerCase());
  return loops.findLast(({ ofResources }) => ofResources) ?? loops.at(-1);
}

const MOMENT = /yyyy|MM|dd|HH|mm|ss|'[^']*'|[A-Za-z]/g;

/** In the form `yyyyMMddTHHmmssZ`, or another one of years to seconds. */
function utcNow(call: Call): string {
  if (!call.scope.isDefault) throw notHere(call.name);
  const [yyyy = '', MM = '', dd = '', HH = '', mm = '', ss = ''] = call.scope.ambient.now.match(/\d+/g) ?? [];
  const parts: Readonly<Record<string, string>> = { yyyy, MM, dd, HH, mm, ss, T: 'T', Z: 'Z' };
  const form = optionalText(call, 0) ?? 'yyyyMMddTHHmmssZ';
  return form.replaceAll(MOMENT, (part) => {
    if (part.startsWith("'")) return part.slice(1, -1);
    const written = parts[part];
    if (written === undefined) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the part '${part}' of the form '${form}' is not served (yyyy, MM, dd, HH, mm and ss are)`);
    return written;
  });
}
