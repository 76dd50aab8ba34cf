import { equal, isArray, isObject, type Json, type JsonObject, member, sameText } from './json.ts';
import { readText } from './expression/parse.ts';
import type { Plan } from './plan.ts';

/** What a deployment would do with one resource, as `whatIf` answers it. */
export type Change =
  | { readonly changeType: 'Create'; readonly resourceId: string; readonly after: Json }
  | { readonly changeType: 'Modify'; readonly resourceId: string; readonly before: Json; readonly after: Json; readonly delta: readonly PropertyChange[] }
  | { readonly changeType: 'NoChange' | 'Ignore'; readonly resourceId: string; readonly before: Json; readonly after: Json }
  | { readonly changeType: 'Delete'; readonly resourceId: string; readonly before: Json };

/** `path` leads to it from what is around it: `properties.autoStorage.storageAccountId`, `0` in an array. */
type PropertyChange =
  | { readonly propertyChangeType: 'Create'; readonly path: string; readonly after: Json }
  | { readonly propertyChangeType: 'Delete'; readonly path: string; readonly before: Json }
  | { readonly propertyChangeType: 'Modify'; readonly path: string; readonly before: Json; readonly after: Json }
  | { readonly propertyChangeType: 'Array'; readonly path: string; readonly children: readonly PropertyChange[] };

/** Resources as they are now. */
export interface Current {
  readonly id: string;
  readonly resource: JsonObject;
}

/**
 * Compares what a template says with what is there. What it does not say of a resource counts as it is: a service adds
 * much that no template names. Tags alone are replaced as a whole.
 */
export function whatIf(plan: Plan, mode: 'Incremental' | 'Complete', current: readonly Current[]): readonly Change[] {
  const before = new Map(current.map(({ id, resource }) => [id.toLowerCase(), resource]));
  const named = plan.resources.map((resource): Change => {
    const { id: resourceId, name, type, apiVersion } = resource;
    const body = plan.body(resource, () => undefined).value;
    const after: JsonObject = { id: resourceId, name: lastOf(name), type, apiVersion, ...body };
    const now = before.get(resourceId.toLowerCase());
    if (now === undefined) return { changeType: 'Create', resourceId, after };
    const delta = Object.entries(body).flatMap(([key, value]) => changesOf(key, member(now, key), value));
    return delta.length === 0 ? { changeType: 'NoChange', resourceId, before: now, after } : { changeType: 'Modify', resourceId, before: now, after, delta };
  });
  const known = new Set(plan.resources.map(({ id }) => id.toLowerCase()));
  const others = current.filter(({ id }) => !known.has(id.toLowerCase()));
  return [...named, ...others.map(({ id: resourceId, resource }): Change => (mode === 'Complete' ? { changeType: 'Delete', resourceId, before: resource } : { changeType: 'Ignore', resourceId, before: resource, after: resource }))];
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function changesOf(path: string, before: Json | undefined, after: Json): readonly PropertyChange[] {
  if (isLate(after)) return [];
  if (before === undefined) return after === null ? [] : [{ propertyChangeType: 'Create', path, after }];
  if (isObject(before) && isObject(after)) {
    const said = Object.entries(after).flatMap(([name, value]) => changesOf(`${path}.${name}`, member(before, name), value));
    return path === 'tags' ? [...said, ...removed(path, before, after)] : said;
  }
  if (isArray(before) && isArray(after)) return arrayChanges(path, before, after);
  return isSame(path, before, after) ? [] : [{ propertyChangeType: 'Modify', path, before, after }];
}

function removed(path: string, before: JsonObject, after: JsonObject): readonly PropertyChange[] {
  return Object.entries(before).filter(([name]) => member(after, name) === undefined)
    .map(([name, value]) => ({ propertyChangeType: 'Delete', path: `${path}.${name}`, before: value }));
}

function arrayChanges(path: string, before: readonly Json[], after: readonly Json[]): readonly PropertyChange[] {
  const changed = after.flatMap((item, index) => changesOf(String(index), before[index], item));
  const gone = before.slice(after.length).map((item, index): PropertyChange => ({ propertyChangeType: 'Delete', path: String(after.length + index), before: item }));
  const children = [...changed, ...gone];
  return children.length === 0 ? [] : [{ propertyChangeType: 'Array', path, children }];
}

/** An expression whose value only the deployment itself can tell. */
function isLate(value: Json): boolean {
  return typeof value === 'string' && value.startsWith('[') && typeof attempt(value) === 'object';
}

function attempt(text: string): unknown {
  try {
    return readText(text);
  } catch {
    return text;
  }
}

/** Ids are compared without case, locations without blanks either (`East US` is `eastus`). */
function isSame(path: string, before: Json, after: Json): boolean {
  if (typeof before !== 'string' || typeof after !== 'string') return equal(before, after);
  if (path === 'location') return sameText(before.replaceAll(' ', ''), after.replaceAll(' ', ''));
  return before === after || (before.startsWith('/subscriptions/') && sameText(before, after));
}
