import { listResourcesBelow, type ResourceRow } from '../../../store/intents/resources.ts';
import { parseResourceId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { nextLink, pageOf } from '../paging.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { existingGroup, groupOf } from './existing.ts';

/** All resources of the subscription, but its groups. */
export const listSubscriptionResources: ManagementHandler = (call, parts) => {
  requireSubscription(call, parts);
  return list(`${subscriptionId(param(call, 'subscriptionId'))}/resourceGroups/`, call, parts);
};

export const listGroupResources: ManagementHandler = async (call, parts) => {
  await existingGroup(call, parts);
  return list(`${groupOf(call)}/providers/`, call, parts);
};

async function list(prefix: string, call: ManagementCall, { data }: ManagementParts) {
  const page = pageOf(call, '$top');
  const found = await listResourcesBelow(data.database, { prefix, after: page.after, limit: page.limit + 1 });
  const value = found.slice(0, page.limit).flatMap((row) => view(row) ?? []);
  return json(200, { value, ...nextLink(call, page, found.map(({ id }) => id)) });
}

/** undefined: a group or a deployment, which are no resources in one. */
function view(row: ResourceRow): object | undefined {
  const id = parseResourceId(row.id);
  if (id === undefined || row.type.startsWith('microsoft.resources/')) return undefined;
  const { location, tags, sku, kind, identity } = JSON.parse(row.spec) as Readonly<Record<string, unknown>>;
  return { id: row.id, name: id.names.at(-1), type: id.type, location, tags, sku, kind, identity };
}
