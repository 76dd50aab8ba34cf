import { randomUUID } from 'node:crypto';
import type { AccountNumber } from '../core/keys.ts';
import type { FileArrivals, FileRead, NodeFiles, NodeRequests } from '../ports.ts';
import { NODE_NOT_READY } from './nodeAsks.ts';
import type { Owner } from './owner.ts';

/** An agent that has not begun to answer within this time is taken for unreachable. */
const ANSWER_WITHIN_MS = 20_000;

/** What else clients ask of nodes. */
export function nodeRequests(ownerOf: (account: AccountNumber) => Pick<Owner, 'nodeAsks'> | undefined): NodeRequests {
  return {
    ask: async (account, node, ask, signal) => (await ownerOf(account)?.nodeAsks.ask(node, randomUUID(), ask, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]))) ?? NODE_NOT_READY,
  };
}

/** Files on nodes as the API sees them: asks go over the agent's channel, bytes come back over HTTP. */
export function nodeFiles(ownerOf: (account: AccountNumber) => Pick<Owner, 'fileAsks'> | undefined, arrivals: FileArrivals): NodeFiles {
  const notOwned = { kind: 'error', code: 'NodeNotReady', message: 'The account is not owned here.' } as const;
  return {
    ask: async (account, node, ask, signal) => {
      const owner = ownerOf(account);
      return owner === undefined ? notOwned : owner.fileAsks.ask(node, randomUUID(), ask, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]));
    },
    read: async (account, node, ask, signal): Promise<FileRead> => {
      const owner = ownerOf(account);
      if (owner === undefined) return notOwned;
      const request = randomUUID();
      // Ends the waiting for whichever of the two ways the answer does not come.
      const settled = new AbortController();
      const patience = AbortSignal.any([signal, settled.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
      try {
        const arrival = arrivals.expect(request, patience);
        const answer = owner.fileAsks.ask(node, request, ask, patience);
        const first = await Promise.race([arrival.catch(() => answer), answer]);
        if (first.kind === 'file' || first.kind === 'error') return first;
        throw new Error(`an agent answered a read with ${first.kind}`);
      } finally {
        settled.abort();
      }
    },
  };
}
