import { messageOf } from '../failures.ts';
import type { IdentityWork } from '../frames.ts';
import type { MetadataAnswer, MetadataRequest } from '../metadata/handler.ts';
import { type Connection, holderOf } from './peers.ts';

/** A running attempt whose pool has a managed identity. */
interface Running {
  /** As `launcher.membersOf` knows it. */
  readonly attempt: string;
  readonly identity: IdentityWork;
}

/**
 * Tokens at the address that all clients know, which show no secret there: the kernel tells whose the connection is,
 * and the token is asked for by the secret of that attempt. So an attempt gets what `IDENTITY_ENDPOINT` would give it,
 * as long as it runs, and whoever is no process of one gets nothing.
 */
export interface NodeTokens {
  begin(running: Running): void;
  end(attempt: string): void;
  answer(request: MetadataRequest, connection: Connection): Promise<MetadataAnswer>;
}

export interface NodeTokensOptions {
  /** Where the service is, from the agent's own network: `http://127.0.0.1:10800`. */
  readonly service: () => string;
  /** The processes of an attempt; null: they cannot be told from others. */
  readonly membersOf: (attempt: string) => readonly number[] | null;
  readonly fetch?: typeof fetch;
}

const TIMEOUT_MS = 10_000;
const TOKEN_PATH = '/metadata/identity/oauth2/token';
/** What the service answers where a machine has no identity. */
const NONE: MetadataAnswer = { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } };

export function createNodeTokens({ service, membersOf, fetch: ask = fetch }: NodeTokensOptions): NodeTokens {
  const running = new Map<string, Running>();
  return {
    begin: (one) => void running.set(one.attempt, one),
    end: (attempt) => void running.delete(attempt),
    answer: async ({ url }, connection) => {
      const holder = await holderOf(connection, [...running.values()], ({ attempt }) => membersOf(attempt) ?? []);
      if (holder === undefined) return NONE;
      const query = url.split('?', 2)[1] ?? '';
      try {
        const answer = await ask(`${service()}${TOKEN_PATH}?${query}`, { headers: { metadata: 'true', 'x-identity-header': holder.identity.header }, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
        return { status: answer.status, body: (await answer.json()) as object };
      } catch (error) {
        // Clients try again.
        return { status: 503, body: { error: 'service_unavailable', error_description: messageOf(error) } };
      }
    },
  };
}
