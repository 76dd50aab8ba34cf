import { sameText } from './json.ts';

/**
 * The id of a resource: below `scope` (`/subscriptions/s/resourceGroups/g`, or the id of the resource that it extends),
 * its type and its names in turns. `Microsoft.Batch/batchAccounts/pools` and `acc/p` give
 * `…/providers/Microsoft.Batch/batchAccounts/acc/pools/p`.
 */
export function idOf(scope: string, type: string, name: string): string {
  if (sameText(type, 'Microsoft.Resources/resourceGroups')) return `${scope}/resourceGroups/${name}`;
  return `${scope}/providers/${typeAndName(type, name)}`;
}

/** `Microsoft.Batch/batchAccounts/acc/pools/p`, as `dependsOn` and `scope` may name a resource. */
export function typeAndName(type: string, name: string): string {
  const [namespace = '', ...types] = type.split('/');
  const names = name.split('/');
  return [namespace, ...types.flatMap((type, index) => [type, names[index] ?? ''])].join('/');
}
