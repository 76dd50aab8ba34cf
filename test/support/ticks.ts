import type { AccountNumber } from '../../src/core/keys.ts';

/** Numbers ticks as an owner does: from 1 in each epoch of an account, one by one. */
export function tickNumbers(): (account: AccountNumber, epoch: number) => number {
  const last = new Map<string, number>();
  return (account, epoch) => {
    const name = `${account}.${epoch}`;
    const tick = (last.get(name) ?? 0) + 1;
    last.set(name, tick);
    return tick;
  };
}
