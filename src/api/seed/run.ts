import { BatchError } from '../../wire/errors.ts';
import { applicationItems } from './applicationItems.ts';
import { blobItems } from './blobItems.ts';
import { jobItems, poolItems, scheduleItems } from './dataItems.ts';
import type { Account } from '../accounts.ts';
import type { Asking, Item } from './item.ts';
import type { Contents, Seed, SeedAccount } from './read.ts';
import { refusalOf, reportOf, type ItemReport, type Refusal, type SeedReport } from './report.ts';
import { accountItem, groupItems, permittedAccount, storageAccountItems } from './resourceItems.ts';
import { inTurn } from './turns.ts';

export interface SeedOptions {
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
  /** Change what differs, where the service can. */
  readonly update: boolean;
}

/** Tasks that are asked for at the same time: adds to a job share their transactions. */
const TOGETHER = 100;

/**
 * Makes what the document says and is not there, in the order of what needs what. An item that is refused keeps those
 * alone from being tried that lie in it. @throws what is no answer to a client, and the reason of `asking.signal`.
 */
export function runSeed(seed: Seed, asking: Asking, options: SeedOptions): Promise<SeedReport> {
  return inTurn(asking.parts.data.database, asking.signal, async (keep) => {
    const reports = new Map<Item, ItemReport>();
    const settle = async (items: readonly Item[]): Promise<void> => {
      await keep();
      asking.signal.throwIfAborted();
      for (const report of await settled(items, reports, options)) reports.set(...report);
    };
    const oneByOne = async (items: readonly Item[]): Promise<void> => {
      for (const item of items) await settle([item]);
    };
    const fill = async (contents: Contents, account: Account, inside: Item | null): Promise<void> => {
      // Who may list an account's keys may do all in it.
      const there = inside === null ? asking : { ...asking, permit: () => undefined };
      await oneByOne(applicationItems(contents, account, there, inside));
      await oneByOne(poolItems(contents, account, there, inside));
      await oneByOne(scheduleItems(contents, account, there, inside));
      for (const { job, tasks, end } of jobItems(contents, account, there, inside)) {
        await settle([job]);
        for (let first = 0; first < tasks.length; first += TOGETHER) await settle(tasks.slice(first, first + TOGETHER));
        if (end !== null) await settle([end]);
      }
    };
    const storageAccounts = storageAccountItems(seed, asking);
    await oneByOne([...groupItems(seed, asking), ...storageAccounts]);
    const accounts = seed.accounts.map((one) => ({ one, item: accountItem(one, seed, asking) }));
    await oneByOne(accounts.map(({ item }) => item));
    await oneByOne(blobItems(seed, storageAccounts, asking));
    await fill(seed.contents, asking.account, null);
    for (const { one, item } of accounts) if (Object.values(one.contents).some(({ length }) => length > 0)) await fill(one.contents, await accountFor(one, item), item);
    return reportOf([...reports.values()], options.dryRun);

    async function accountFor(one: SeedAccount, item: Item): Promise<Account> {
      try {
        return (await permittedAccount(one, seed, asking)) ?? ABSENT;
      } catch (error) {
        const report = reports.get(item);
        if (report !== undefined && report.outcome !== 'refused') reports.set(item, { ...report, outcome: 'refused', error: refusalOf(error) });
        return ABSENT;
      }
    }
  });
}

/** An account that is not there, of which only a trial asks: it has nothing. */
const ABSENT: Account = { number: -1, name: '', keys: [] };

/** Looks for all of them, and then makes what is not there: in their order, since each add is on its way in it. */
async function settled(items: readonly Item[], reports: ReadonlyMap<Item, ItemReport>, options: SeedOptions): Promise<readonly (readonly [Item, ItemReport])[]> {
  const looks = await Promise.all(items.map((item) => looked(item, reports, options)));
  return Promise.all(items.map(async (item, index) => [item, reported(item, await outcomeOf(item, looks[index] ?? null, options))] as const));
}

/** What was found: names of what differs, null for nothing at all. */
type Look = readonly string[] | null | { readonly error: Refusal };

interface Result {
  readonly outcome: ItemReport['outcome'];
  readonly differing?: readonly string[];
  readonly error?: Refusal;
}

async function looked(item: Item, reports: ReadonlyMap<Item, ItemReport>, { dryRun }: SeedOptions): Promise<Look> {
  const above = item.within === null ? undefined : reports.get(item.within);
  if (above?.outcome === 'refused') return { error: { code: 'NotTried', message: `The ${above.kind} '${above.id}' was refused.` } };
  const look = await refused(() => item.differing());
  // In a trial what it would lie in is not there to be asked.
  return dryRun && above?.outcome === 'created' && isError(look) && look.error.code === 'ResourceNotFound' ? null : look;
}

async function outcomeOf(item: Item, look: Look, options: SeedOptions): Promise<Result> {
  if (isError(look)) return { outcome: 'refused', ...look };
  if (look !== null) return ofFound(item, look, options);
  if (options.dryRun) return { outcome: 'created' };
  const made = await refused(() => item.make());
  if (typeof made === 'object') return { outcome: 'refused', ...made };
  if (made) return { outcome: 'created' };
  const again = await refused(() => item.differing());
  if (isError(again)) return { outcome: 'refused', ...again };
  if (again === null) return { outcome: 'refused', error: refusalOf(new BatchError('ResourceNotFound')) };
  return ofFound(item, again, options);
}

async function ofFound(item: Item, differing: readonly string[], { update, dryRun }: SeedOptions): Promise<Result> {
  if (differing.length === 0) return { outcome: 'unchanged' };
  if (!update) return { outcome: 'differs', differing };
  if (dryRun) return { outcome: 'updated', differing };
  const changed = await refused(() => item.change(differing));
  if (changed !== undefined) return { outcome: 'refused', differing, ...changed };
  const left = await refused(() => item.differing());
  if (isError(left)) return { outcome: 'refused', ...left };
  return left === null || left.length > 0 ? { outcome: 'differs', differing: left ?? differing, error: { code: 'NotChangeable', message: 'The service cannot change this of what is there.' } } : { outcome: 'updated', differing };
}

function isError(look: Look): look is { readonly error: Refusal } {
  return look !== null && 'error' in look;
}

async function refused<Result>(ask: () => Promise<Result>): Promise<Result | { readonly error: Refusal }> {
  try {
    return await ask();
  } catch (error) {
    return { error: refusalOf(error) };
  }
}

function reported({ kind, id, place }: Item, result: Result): ItemReport {
  return { kind, id, place, ...result };
}
