import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import { NotOwnedHere } from '../../base/notOwned.ts';
import type { AccountHost, CommitNews, Commits, Explanations, FileAsk, ClientAsk, NodeFiles, NodeRequests, Wake } from '../../ports.ts';
import { MISDIRECTED, PEER_PATH } from './client.ts';
import { lineOf } from './commits.ts';
import { FILE_HEADER } from './nodes.ts';
import { PEER_HEADER, type PeerSignatures } from './signature.ts';

/** The owners of this process alone: what other processes ask of it. */
export interface PeerService {
  readonly wake: Wake;
  readonly explanations: Explanations;
  readonly files: NodeFiles;
  readonly nodeRequests: NodeRequests;
  readonly commits: Commits & { /** Undefined: it is not loaded here. */ epochOf(account: number): number | undefined };
  readonly host: AccountHost;
  /** Whether the account is worked on here. */
  readonly has: (account: number) => boolean;
  /** Accounts may be free. */
  readonly look: () => void;
}

export interface PeerServing {
  readonly signatures: PeerSignatures;
  readonly service: PeerService;
  readonly log: Pick<Logger, 'warn'>;
}

const LARGEST_BODY_BYTES = 1 << 20;
/** A listener that reads no faster has more to wait for than what it missed in the database. */
const MOST_WAITING_BYTES = 16 << 20;
const STILL_HERE_MS = 5_000;

/**
 * All that is asked names an account, and more by its operation. It comes from a process of the same release, or the
 * one before.
 */
interface Asked {
  readonly account: number;
  readonly job: number;
  readonly task: number;
  readonly pool: number;
  readonly node: number;
  readonly kind: 'task' | 'job' | 'pool' | 'node';
  readonly ask: unknown;
}

type Operation = (asked: Asked, service: PeerService, signal: AbortSignal, response: ServerResponse) => Promise<unknown>;

/** What is answered with anything but JSON answers for itself. */
const ANSWERED = Symbol('answered');

const OPERATIONS: Readonly<Record<string, Operation>> = {
  wake: async ({ account }, { wake }, signal) => void (await wake.wake(account, signal)),
  ended: async ({ account, job, task }, { wake }, signal) => void (await wake.ended(account, job, task, signal)),
  explain: async ({ account, kind, job, task, pool, node }, { explanations }) => {
    switch (kind) {
      case 'task':
        return { found: await explanations.task(account, job, task) };
      case 'job':
        return { found: await explanations.job(account, job) };
      case 'pool':
        return { found: await explanations.pool(account, pool) };
      case 'node':
        return { found: await explanations.node(account, node) };
    }
  },
  file: ({ account, node, ask }, { files }, signal) => files.ask(account, node, ask as Exclude<FileAsk, { kind: 'read' }>, signal),
  read: async ({ account, node, ask }, { files }, signal, response) => {
    const read = await files.read(account, node, ask as Extract<FileAsk, { kind: 'read' }>, signal);
    if (read.kind === 'error') return read;
    response.writeHead(200, { 'content-type': 'application/octet-stream', [FILE_HEADER]: encodeURIComponent(JSON.stringify(read.file)) });
    pipeline(read.body instanceof Readable ? read.body : Readable.from(read.body), response, () => undefined);
    return ANSWERED;
  },
  node: ({ account, node, ask }, { nodeRequests }, signal) => nodeRequests.ask(account, node, ask as ClientAsk, signal),
  commits: ({ account }, { commits }, signal, response) => {
    tellCommits(account, commits, signal, response);
    return Promise.resolve(ANSWERED);
  },
  close: async ({ account }, { host }) => void (await host.close(account)),
};
/** What is about no account. */
const LOOK = 'look';

function tellCommits(account: number, commits: PeerService['commits'], signal: AbortSignal, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const tell = (text: string): void => {
    if (response.writableLength > MOST_WAITING_BYTES) response.destroy();
    else response.write(text);
  };
  const stop = commits.listen(account, (news: CommitNews) => tell(lineOf(news)));
  const alive = setInterval(() => tell('\n'), STILL_HERE_MS);
  tell(lineOf({ kind: 'loaded', epoch: commits.epochOf(account) ?? 0 }));
  const over = (): void => {
    clearInterval(alive);
    stop();
    response.end();
  };
  signal.addEventListener('abort', over, { once: true });
}

/**
 * Answers what another process asks; false: it is nothing of that kind. Without a signature of the cluster key, with an
 * old one, and with one that came before: 401, and nothing is done.
 */
export function answerPeer({ signatures, service, log }: PeerServing, request: IncomingMessage, response: ServerResponse): boolean {
  const path = request.url ?? '/';
  if (!path.startsWith(PEER_PATH)) return false;
  const answer = (status: number, body: string): void => {
    if (response.headersSent) return;
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  };
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const work = async (): Promise<void> => {
    const body = await bodyOf(request);
    const header = request.headers[PEER_HEADER];
    if (!signatures.isGood(typeof header === 'string' ? header : undefined, { method: request.method ?? '', path, body })) return answer(401, '{"error":"the request is not signed by a process of this database, or was before"}');
    const name = path.slice(PEER_PATH.length);
    if (name === LOOK) {
      service.look();
      return answer(200, 'null');
    }
    const operation = OPERATIONS[name];
    if (operation === undefined) return answer(404, JSON.stringify({ error: `no operation ${name}` }));
    const asked = JSON.parse(body) as Asked;
    if (!service.has(asked.account)) throw new NotOwnedHere(asked.account);
    const answered = await operation(asked, service, gone.signal, response).catch((error: unknown) => {
      // An owner that ends while it is asked has gone to another process.
      throw service.has(asked.account) ? error : new NotOwnedHere(asked.account);
    });
    if (answered !== ANSWERED) answer(200, JSON.stringify(answered ?? null));
  };
  work().catch((error: unknown) => {
    if (gone.signal.aborted) return;
    if (error instanceof NotOwnedHere) return answer(MISDIRECTED, JSON.stringify({ error: error.message }));
    log.warn({ error, path }, 'what another process asked could not be done');
    answer(500, JSON.stringify({ error: messageOf(error) }));
  });
  return true;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY_BYTES) throw new Error('a request of another process is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
