import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../failures.ts';
import type { IdentityWork } from '../frames.ts';
import type { MetadataAnswer, MetadataRequest } from '../metadata/handler.ts';
import type { AgentOptions } from '../options.ts';
import { overHttp, provedConnection } from '../serviceProof.ts';
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
  /** Where the service is, from the agent's own network, and how it proves itself. */
  readonly service: () => Pick<AgentOptions, 'agentUrl' | 'authority'>;
  /** The processes of an attempt; null: they cannot be told from others. */
  readonly membersOf: (attempt: string) => readonly number[] | null;
  readonly get?: typeof getJson;
}

const TIMEOUT_MS = 10_000;
const TOKEN_PATH = '/metadata/identity/oauth2/token';
/** What the service answers where a machine has no identity. */
const NONE: MetadataAnswer = { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } };

export function createNodeTokens({ service, membersOf, get = getJson }: NodeTokensOptions): NodeTokens {
  const running = new Map<string, Running>();
  return {
    begin: (one) => void running.set(one.attempt, one),
    end: (attempt) => void running.delete(attempt),
    answer: async ({ url }, connection) => {
      const holder = await holderOf(connection, [...running.values()], ({ attempt }) => membersOf(attempt) ?? []);
      if (holder === undefined) return NONE;
      const query = url.split('?', 2)[1] ?? '';
      try {
        const { agentUrl, authority } = service();
        const url = overHttp(new URL(agentUrl));
        url.pathname = TOKEN_PATH;
        url.search = query;
        return await get(url, { authority, headers: { metadata: 'true', 'x-identity-header': holder.identity.header }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      } catch (error) {
        // Clients try again.
        return { status: 503, body: { error: 'service_unavailable', error_description: messageOf(error) } };
      }
    },
  };
}

interface Asked {
  readonly authority: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** No answer to this is longer. */
const LONGEST_ANSWER = 1 << 20;

/** What the service answers to a GET, redirects not followed. */
async function getJson(url: URL, { authority, headers, signal }: Asked): Promise<MetadataAnswer> {
  const proof = provedConnection(url, authority);
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { headers, signal, ...proof });
  const response = await new Promise<IncomingMessage>((resolve, reject) => request.on('response', resolve).on('error', reject).end());
  let text = '';
  for await (const part of response.setEncoding('utf8')) {
    text += String(part);
    if (text.length > LONGEST_ANSWER) throw new Error('the answer of the service is too long');
  }
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null) throw new Error('the service answers with no object');
  return { status: response.statusCode ?? 0, body };
}
