/** The parts of an id below a resource group: `/subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME…`. */
export interface ResourceId {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  /** `Microsoft.Batch/batchAccounts/pools` */
  readonly type: string;
  /** From the outermost to the resource's own. */
  readonly names: readonly string[];
}

const FORM = /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/([^/]+)((?:\/[^/]+\/[^/]+)+)\/?$/i;

/** Undefined: the text is no id of a resource in a group. */
export function parseResourceId(text: string): ResourceId | undefined {
  const [, subscriptionId, resourceGroup, namespace, rest] = FORM.exec(text) ?? [];
  if (subscriptionId === undefined || resourceGroup === undefined || namespace === undefined || rest === undefined) return undefined;
  const segments = rest.split('/').slice(1);
  const types = segments.filter((_, index) => index % 2 === 0);
  return { subscriptionId, resourceGroup, type: [namespace, ...types].join('/'), names: segments.filter((_, index) => index % 2 === 1) };
}

export function formatResourceId({ subscriptionId, resourceGroup, type, names }: ResourceId): string {
  const [namespace = '', ...types] = type.split('/');
  if (types.length !== names.length) throw new Error(`${type} takes ${types.length} names, not ${names.length}`);
  return `${groupId(subscriptionId, resourceGroup)}/providers/${namespace}${types.map((one, index) => `/${one}/${names[index]}`).join('')}`;
}

export function subscriptionId(subscription: string): string {
  return `/subscriptions/${subscription}`;
}

export function groupId(subscription: string, group: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}`;
}
