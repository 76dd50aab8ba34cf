import { listResourcesBelow, type ResourceRow } from '../../../store/intents/resources.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import { lowerAscii } from '../../../wire/letters.ts';
import { RESOURCE_FILTER, resourceFilter, type FilteredResource } from '../../../wire/management/resourceFilter.ts';
import { parseResourceId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import { json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { firstRows } from '../list.ts';
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

async function list(prefix: string, call: ManagementCall, { data }: ManagementParts): Promise<Answer> {
  const page = pageOf(call, '$top');
  const keeps = resourceFilter(call.query.get('$filter'), RESOURCE_FILTER);
  const expanded = expandedOf(call);
  const found = await firstRows(page, (part) => listResourcesBelow(data.database, { prefix, ...part }), (row) => {
    const one = resourceOf(row);
    return one !== undefined && keeps(one);
  });
  const value = found.slice(0, page.limit).map((row) => ({ ...view(row), ...Object.fromEntries(expanded.map((name) => [name, EXPANDED[name](row)])) }));
  return json(200, { value, ...nextLink(call, page, found.map(({ id }) => id)) });
}

/** What `$expand` adds. */
const EXPANDED = {
  createdTime: ({ createdAt }: ResourceRow) => formatTimestamp(createdAt),
  changedTime: ({ modifiedAt }: ResourceRow) => formatTimestamp(modifiedAt),
  provisioningState: ({ state }: ResourceRow) => state,
} as const;

/** @throws BatchError InvalidQueryParameterValue for anything that resources do not have. */
function expandedOf({ query }: ManagementCall): readonly (keyof typeof EXPANDED)[] {
  const text = query.get('$expand') ?? '';
  const names = Object.keys(EXPANDED) as readonly (keyof typeof EXPANDED)[];
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '').map((asked) => {
    const found = names.find((name) => lowerAscii(name) === lowerAscii(asked));
    if (found === undefined) throw invalidQuery('$expand', text, `It names ${names.join(', ')}, separated by commas.`);
    return found;
  });
}

/** undefined: a group or a deployment, which are no resources in one. */
function resourceOf(row: ResourceRow): FilteredResource | undefined {
  const id = parseResourceId(row.id);
  if (id === undefined || row.type.startsWith('microsoft.resources/')) return undefined;
  const { location = '', tags = {} } = specOf(row);
  return { name: id.names.at(-1) ?? '', resourceType: id.type, resourceGroup: id.resourceGroup, location, tags };
}

function view(row: ResourceRow): object {
  const one = resourceOf(row);
  if (one === undefined) throw new Error(`${row.id} is no resource of a group`);
  const { location, tags, sku, kind, identity } = specOf(row);
  return { id: row.id, name: one.name, type: one.resourceType, location, tags, sku, kind, identity };
}

/** What resources of every type may have. */
interface ResourceSpec {
  readonly location?: string;
  readonly tags?: Readonly<Record<string, unknown>>;
  readonly sku?: unknown;
  readonly kind?: unknown;
  readonly identity?: unknown;
}

function specOf({ spec }: ResourceRow): ResourceSpec {
  return JSON.parse(spec) as ResourceSpec;
}
