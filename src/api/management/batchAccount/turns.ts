import type { ResourceRow } from '../../../store/intents/resources.ts';
import type { Accounts } from '../../accounts.ts';

const ends = new WeakMap<Accounts, Map<number, Promise<unknown>>>();

/**
 * What is done to an account after its answer is done one after the other: a deletion that is asked for while a
 * creation runs begins when that has ended, and finds what it has made.
 */
export function inTurn(accounts: Accounts, { resource }: Pick<ResourceRow, 'resource'>, work: () => Promise<void>): Promise<void> {
  const all = ends.get(accounts) ?? new Map<number, Promise<unknown>>();
  ends.set(accounts, all);
  const former = all.get(resource) ?? Promise.resolve();
  const mine = former.catch(() => undefined).then(work);
  all.set(resource, mine);
  return mine.finally(() => {
    if (all.get(resource) === mine) all.delete(resource);
  });
}
