import { ExpressionError } from '../../errors.ts';
import { isObject, type Json, member } from '../../json.ts';
import { idOf } from '../../ids.ts';
import { LATE, type LateScope, notHere, type Target, type Value } from '../scope.ts';
import { ANY_NUMBER, type Call, type Functions, optionalText, strict, text, texts } from './call.ts';

/** Ids of resources, and what is asked of them (Azure documentation, "Resource functions for ARM templates"). */
export const RESOURCE_FUNCTIONS: Functions = {
  extensionResourceId: strict(3, ANY_NUMBER, (call) => idOf(text(call, 0), typed(call, 1), namesFrom(call, 2))),
  listKeys: strict(1, 3, listKeys),
  reference: strict(1, 3, reference),
  references: strict(1, 2, references),
  resourceId: strict(2, ANY_NUMBER, resourceId),
  resourceInfo: strict(1, 1, (call) => resourceInfo(lateOf(call).target(text(call, 0), ''))),
  subscriptionResourceId: strict(2, ANY_NUMBER, subscriptionResourceId),
  tenantResourceId: strict(2, ANY_NUMBER, (call) => idOf('', typed(call, 0), namesFrom(call, 1))),
};

/** `resourceId([subscription], [resource group], type, name, …)`. */
function resourceId(call: Call): string {
  const { subscription, resourceGroup } = call.scope.ambient;
  const at = typeAt(call, 2);
  const subscriptionId = at === 2 ? text(call, 0) : subscription.subscriptionId;
  if (at === 0 && resourceGroup === null) return idOf(`/subscriptions/${subscriptionId}`, typed(call, at), namesFrom(call, at + 1));
  const group = at === 0 ? (resourceGroup?.name ?? '') : text(call, at - 1);
  return idOf(`/subscriptions/${subscriptionId}/resourceGroups/${group}`, typed(call, at), namesFrom(call, at + 1));
}

function subscriptionResourceId(call: Call): string {
  const at = typeAt(call, 1);
  const subscriptionId = at === 1 ? text(call, 0) : call.scope.ambient.subscription.subscriptionId;
  return idOf(`/subscriptions/${subscriptionId}`, typed(call, at), namesFrom(call, at + 1));
}

/** The type is the first argument with a slash; what may stand before it has none. */
function typeAt(call: Call, most: number): number {
  const at = texts(call).findIndex((argument) => argument.includes('/'));
  if (at !== -1 && at <= most && at < call.args.length - 1) return at;
  throw new ExpressionError(`Unable to evaluate template language function '${call.name}': function requires fully qualified resource type 'Namespace/Type' and its names as arguments. The arguments are: '${texts(call).join("', '")}'`);
}

function typed(call: Call, at: number): string {
  const type = text(call, at);
  const names = call.args.length - at - 1;
  const wanted = type.split('/').length - 1;
  if (wanted !== names || wanted < 1) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the type '${type}' requires '${wanted}' resource name argument(s)`);
  return type;
}

function namesFrom(call: Call, at: number): string {
  return texts(call).slice(at).join('/');
}

/** The properties of a resource, or with `Full` all of it. */
function reference(call: Call): Value {
  const late = lateOf(call);
  const target = late.target(text(call, 0), optionalText(call, 1));
  return seen(late, target, isFull(call, 2));
}

function references(call: Call): Value {
  const late = lateOf(call);
  const full = isFull(call, 1);
  const all = late.targets(text(call, 0)).map((target) => seen(late, target, full));
  const known = all.filter((value): value is Json => value !== LATE);
  return known.length === all.length ? known : LATE;
}

function seen(late: LateScope, target: Target, full: boolean): Value {
  const resource = late.ask({ kind: 'reference', ...target });
  if (resource === LATE || !isObject(resource)) return resource;
  return full ? { ...resource, ...placeIn(target), apiVersion: target.apiVersion } : (member(resource, 'properties') ?? {});
}

function placeIn({ id }: Target): Readonly<Record<string, string>> {
  const [, subscriptionId, resourceGroupName] = /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+))?/i.exec(id) ?? [];
  return { resourceId: id, ...(subscriptionId !== undefined && { subscriptionId }), ...(resourceGroupName !== undefined && { resourceGroupName }) };
}

function isFull(call: Call, at: number): boolean {
  const word = optionalText(call, at);
  if (word === undefined || word.toLowerCase() === 'full') return word !== undefined;
  throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the value '${word}' is not expected, the only one is 'Full'`);
}

function resourceInfo({ id }: Target): Json {
  return { id, name: id.slice(id.lastIndexOf('/') + 1) };
}

/** Its third argument is what the request says beside; keys of batch and storage accounts take nothing. */
function listKeys(call: Call): Value {
  if (call.args.length > 2) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': its third argument is not served`);
  const late = lateOf(call);
  return late.ask({ kind: 'listKeys', ...late.target(text(call, 0), optionalText(call, 1)) });
}

function lateOf(call: Call): LateScope {
  if (call.scope.late === null) throw notHere(call.name);
  return call.scope.late;
}
