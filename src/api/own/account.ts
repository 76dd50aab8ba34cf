/**
 * Our own operation on the account: its quotas, which its operator sets, and what it has of them in use (docs/cost.md).
 */
import type { Quotas } from '../../core/intent.ts';
import type { AccountNumber } from '../../core/keys.ts';
import { lockAccount, machinesInUse, quotasOf, setQuotas } from '../../store/intents/accounts.ts';
import { tellOwner } from '../../store/intents/inbox.ts';
import { countActiveJobs } from '../../store/intents/jobs.ts';
import { countPools } from '../../store/intents/pools.ts';
import { countActiveSchedules } from '../../store/intents/schedules.ts';
import { transaction } from '../../store/intents/statement.ts';
import { invalidProperty } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { findVmSize, isFamily } from '../../wire/sizes/find.ts';
import type { Answer } from '../answer.ts';
import { quotasIn, type Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const accountOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/account', right: 'read', of: 'account', run: show },
  { method: 'PATCH', path: '/linarite/account', right: 'write', of: 'account', body: true, run: change },
];

async function show({ account }: OwnCall, parts: Parts): Promise<Answer> {
  return json(200, { quotas: shownQuotas(parts, await quotasOf(parts.database, account)), inUse: await inUse(account, parts) });
}

/** Answers when it is durable; the account's owner goes by it from its next turn on. */
async function change(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account } = call;
  const asked = readChange(await call.json());
  const quotas = await transaction(parts.database, async (tx, last) => {
    const next = applied(await lockAccount(tx, account), asked);
    await setQuotas(tx, account, next);
    last(tellOwner(tx, account, { kind: 'account', account }));
    return next;
  });
  parts.wake.sweep(account);
  return json(200, { quotas: shownQuotas(parts, quotas), inUse: await inUse(account, parts) });
}

/** What holds: null is no bound. */
export function shownQuotas(parts: Parts, set: Quotas): Required<Quotas> {
  const { dedicatedCores = null, lowPriorityCores = null, families = {} } = set;
  return { dedicatedCores, lowPriorityCores, ...quotasIn(parts, set), families };
}

/** What the account has of its quotas. */
export async function inUse(account: AccountNumber, { database }: Pick<Parts, 'database'>): Promise<Required<Pick<Quotas, 'families'>> & Readonly<Record<'dedicatedCores' | 'lowPriorityCores' | 'pools' | 'activeJobs', number>>> {
  const [pools, jobs, schedules, machines] = await Promise.all([countPools(database, account), countActiveJobs(database, account), countActiveSchedules(database, account), machinesInUse(database, account)]);
  const cores = { dedicated: 0, lowPriority: 0 };
  const families: Record<string, number> = {};
  for (const { size, dedicated, nodes } of machines) {
    const { cores: each, family } = findVmSize(size ?? '') ?? { cores: 1, family: '' };
    cores[dedicated ? 'dedicated' : 'lowPriority'] += each * nodes;
    if (dedicated && family !== '') families[family] = (families[family] ?? 0) + each * nodes;
  }
  return { dedicatedCores: cores.dedicated, lowPriorityCores: cores.lowPriority, pools, activeJobs: jobs + schedules, families };
}

/** A number; null: no bound; `default`: the service's. */
type Asked = number | null | 'default';
const NAMES = ['dedicatedCores', 'lowPriorityCores', 'pools', 'activeJobs'] as const;
type Change = Partial<Record<(typeof NAMES)[number], Asked>> & { readonly families: Readonly<Record<string, Asked>> };

/** Far beyond any real quota. */
const MOST = 1_000_000_000;

/** `{quotas: {…}}`: those named are set, the others stay. */
function readChange(body: unknown): Change {
  const { quotas, ...more } = objectOf(body, 'the body');
  const unknown = Object.keys(more)[0];
  if (unknown !== undefined) throw invalidProperty(unknown, more[unknown], 'There is no such property.');
  const { families = {}, ...numbers } = objectOf(quotas ?? {}, 'quotas');
  const change: Partial<Record<(typeof NAMES)[number], Asked>> = {};
  for (const [name, value] of Object.entries(numbers)) {
    const known = NAMES.find((one) => one === name);
    if (known === undefined) throw invalidProperty(name, value, 'There is no such quota.');
    change[known] = readNumber(name, value);
  }
  const byFamily = Object.entries(objectOf(families, 'families')).map(([family, value]) => {
    if (!isFamily(family)) throw invalidProperty(family, value, 'There is no such family of sizes.');
    return [lowerAscii(family), readNumber(family, value)] as const;
  });
  return { ...change, families: Object.fromEntries(byFamily) };
}

function readNumber(name: string, value: unknown): Asked {
  if (value === null || value === 'default') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST) return value;
  throw invalidProperty(name, value, `The value must be a whole number from 0 to ${MOST}, null for no bound, or default.`);
}

function applied(before: Quotas, { families, ...change }: Change): Quotas {
  const merged: Record<string, Asked | undefined> = { ...before, families: undefined, ...change };
  const kept = Object.entries(merged).filter(([, value]) => value !== undefined && value !== 'default');
  const byFamily = Object.entries({ ...before.families, ...families }).filter(([, value]) => typeof value === 'number');
  return { ...Object.fromEntries(kept), ...(byFamily.length === 0 ? {} : { families: Object.fromEntries(byFamily) }) } as Quotas;
}
