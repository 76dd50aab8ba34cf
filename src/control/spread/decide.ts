import type { AccountNumber } from '../../core/keys.ts';

/** A process that lives. */
interface SpreadProcess {
  readonly process: string;
  /** Where its nodes lie if they are its machine's; null: others reach them as well. */
  readonly place: string | null;
  /** It takes no account any more. */
  readonly isLeaving: boolean;
}

interface SpreadAccount {
  readonly account: AccountNumber;
  /** A process that lives; null: nobody works on it. */
  readonly owner: string | null;
  /** Only a process there reaches its nodes; null: any does, or it has none. */
  readonly place: string | null;
  /** Nobody lives at its place, and agents there may still run tasks: it has to wait. */
  readonly isFenced: boolean;
}

export interface Spread {
  readonly processes: readonly SpreadProcess[];
  readonly accounts: readonly SpreadAccount[];
}

export interface SpreadDecision {
  /** Free accounts that this process claims. */
  readonly claim: readonly AccountNumber[];
  /** One that it lets go of, since another process has fewer; null: none. */
  readonly give: AccountNumber | null;
}

/** Moving an account is worth it from this difference on. */
const UNEVEN = 2;

/**
 * What one process does about accounts. All processes decide by the same facts in the same way: each free account is
 * claimed by one of them, that which has the fewest; where facts differ for a moment the claim itself decides. An
 * account with nodes of a machine stays with the processes of that machine as long as one of them lives.
 */
export function decideSpread(me: string, { processes, accounts }: Spread): SpreadDecision {
  const willing = processes.filter(({ isLeaving }) => !isLeaving).toSorted((a, b) => (a.process < b.process ? -1 : 1));
  const counts = new Map(willing.map(({ process }) => [process, 0]));
  for (const { owner } of accounts) if (owner !== null && counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const claim: AccountNumber[] = [];
  for (const account of accounts) {
    if (account.owner !== null) continue;
    const taker = fewest(ableTo(account, willing), counts);
    if (taker === undefined) continue;
    counts.set(taker, (counts.get(taker) ?? 0) + 1);
    if (taker === me) claim.push(account.account);
  }
  return { claim, give: giving(me, { accounts, willing, counts }) };
}

function ableTo({ place, isFenced }: SpreadAccount, willing: readonly SpreadProcess[]): readonly SpreadProcess[] {
  if (place === null) return willing;
  const there = willing.filter((process) => process.place === place);
  return there.length > 0 || isFenced ? there : willing;
}

function fewest(able: readonly SpreadProcess[], counts: ReadonlyMap<string, number>): string | undefined {
  const [first, ...others] = able;
  if (first === undefined) return undefined;
  return others.reduce((best, { process }) => ((counts.get(process) ?? 0) < (counts.get(best) ?? 0) ? process : best), first.process);
}

interface Standing {
  readonly accounts: readonly SpreadAccount[];
  readonly willing: readonly SpreadProcess[];
  readonly counts: ReadonlyMap<string, number>;
}

/** The newest first: it has done the least. Nothing moves while others are free: who claims them is not known yet. */
function giving(me: string, { accounts, willing, counts }: Standing): AccountNumber | null {
  const own = counts.get(me);
  if (own === undefined || accounts.some(({ owner, isFenced }) => owner === null && !isFenced)) return null;
  for (const account of accounts.toReversed()) {
    if (account.owner !== me) continue;
    const taker = fewest(ableTo(account, willing), counts);
    if (taker !== undefined && taker !== me && own - (counts.get(taker) ?? 0) >= UNEVEN) return account.account;
  }
  return null;
}
