import type { AccountNumber, NodeNumber } from '../keys.ts';

/** Each account numbers its nodes within a range of its own, so that the number of a node names its account as well. */
const NUMBERS_OF_AN_ACCOUNT = 2 ** 32;

/** What lies just before the numbers of an account's nodes. */
export function beforeNodesOf(account: AccountNumber): NodeNumber {
  return (account - 1) * NUMBERS_OF_AN_ACCOUNT;
}

/** The account that a node is of. */
export function accountOf(node: NodeNumber): AccountNumber {
  return Math.floor((node - 1) / NUMBERS_OF_AN_ACCOUNT) + 1;
}
