import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { Histogram } from '../base/histogram.ts';
import { timeText } from '../base/times.ts';
import type { StorageAccounts } from '../blobs/accounts.ts';
import type { AccountNumber, Instant } from '../core/keys.ts';
import type { AccountHost, AgentDoor, Commits, Explanations, Figures, NodeFiles, NodeRequests, SettableClock, TaskTokens, Simulations, Wake } from '../ports.ts';
import { ping, type Database } from '../store/intents/statement.ts';
import { resourceOfAccount } from '../store/intents/resources.ts';
import { jobOfTask } from '../store/intents/tasks.ts';
import { LIMITS } from '../wire/limits.ts';
import { createAudit } from './audit.ts';
import { createBlobFront } from './blobs/front.ts';
import { blobPermits } from './blobs/permits.ts';
import { blobAccountAt } from './hostNames.ts';
import type { Account, Accounts } from './accounts.ts';
import { createAgentSockets } from './agentSockets.ts';
import { bearerOf } from './bearer.ts';
import type { Authorities } from './authentication.ts';
import type { Parts, Quotas, Timeout } from './call.ts';
import { createDataPlane } from './data/plane.ts';
import { tasksTogether } from './data/task/addTogether.ts';
import { answerCrossOrigin } from './crossOrigin.ts';
import { createFileTransfers, type FileTransfers } from './fileTransfers.ts';
import { Tails } from './events/tails.ts';
import { endAnswer } from './ending.ts';
import { headerName } from './headerNames.ts';
import type { IdentityOptions } from './identity/options.ts';
import { createAssignedRoles } from './identity/assignedRoles.ts';
import { createIdentityPlane } from './identity/plane.ts';
import { OPERATOR } from './identity/wellKnown.ts';
import { managementAuthority } from './management/authentication.ts';
import { createLater, type WorkHold } from './later.ts';
import type { AgentsElsewhere } from './peers/agents.ts';
import type { Directory, Places, ManagementParts } from './management/call.ts';
import { createManagementPlane, type ManagementPlaneOptions } from './management/plane.ts';
import { enterAll, finishBegun, resumeManagement } from './management/resume.ts';
import { createWithin } from './management/within.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { resumeBulk } from './own/bulk/work.ts';
import { createOwnPlane } from './own/plane.ts';
import { LOCAL_RULES, type OriginRules } from './page/origin.ts';
import { pageRequest } from './page/serve.ts';
import { createSessions } from './page/sessions.ts';
import { createSignInPlane } from './page/signIn.ts';
import type { Sealing } from '../store/sealing.ts';
import type { Tracing } from './tracing/port.ts';
import type { SeedReport } from './seed/report.ts';
import type { SeedOptions } from './seed/run.ts';
import { createSeeds, type Asker } from './seed/seeds.ts';
import { startDeliverer } from './webhooks/deliverer.ts';
import { serve, type Incoming, type Outgoing, type Planes } from './plane.ts';

/** All that the API is made of. */
export interface ApiOptions {
  /** Connections made for the purpose `api`. */
  readonly database: Database;
  readonly wake: Wake;
  /** `process`: as it owns accounts, for which it delivers. Nothing is delivered when not given. */
  readonly webhooks?: { readonly process: string; readonly mayBePrivate: boolean };
  /** Nothing is heard of when not given. */
  readonly commits?: Commits;
  /** What owners of this process have done; nothing when not given. */
  readonly figures?: Figures;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly explanations: Explanations;
  readonly files: NodeFiles;
  readonly nodeRequests: NodeRequests;
  readonly simulations: Simulations;
  readonly door: AgentDoor;
  readonly storages: StorageAccounts;
  /** Shared with what implements `files`; made here when not given. */
  readonly transfers?: FileTransfers;
  readonly accounts: Accounts;
  readonly management: ManagementOptions;
  readonly tokens: TaskTokens;
  /** Who callers are that show a token of the directory. */
  readonly identity: IdentityOptions;
  /** By which names browsers may call this service, beside its addresses; those of this machine when not given. */
  readonly origin?: OriginRules;
  /** The time of intents; never goes back. */
  readonly clock: () => Instant;
  /** The time that signatures are held against; `clock` when not given. */
  readonly wallClock?: () => Instant;
  /** Where users set `clock`; nobody does when not given. */
  readonly settableClock?: SettableClock | null;
  /** `AbortSignal.timeout` when not given. */
  readonly timeout?: Timeout;
  /** Milliseconds that only grow, for how long a request took; those of this process when not given. */
  readonly monotonic?: () => number;
  /** Left out: no other process serves the database. */
  readonly several?: Several;
  readonly log: Logger;
  readonly quotas?: Partial<Quotas>;
  /** The real service's when not given. */
  readonly autoScaleMinIntervalMs?: number | undefined;
  /** The least that Azure gives when not given. */
  readonly preemptionGraceMs?: number | undefined;
  /**
   * Why requests cannot be served, beyond a database that does not answer, in one sentence; null: they can. For
   * `/readyz`.
   */
  readonly trouble?: () => string | null;
  /** A trouble that somebody should see to although requests are served, in one sentence; null: none. For `/readyz`. */
  readonly warning?: () => string | null;
}

/** What the API has of the other processes of its database. */
interface Several {
  /** Answers what another process asks; false: it is a client that asks. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly agents: AgentsElsewhere;
  readonly hold: WorkHold;
}

/** What the management plane needs beside the others. */
export interface ManagementOptions {
  readonly host: AccountHost;
  readonly sealing: Sealing;
  readonly directory: Directory;
  readonly places: Places;
  /** Tokens of the directory and assigned roles when not given. */
  readonly authority?: Pick<ManagementPlaneOptions, 'authenticate' | 'permits'>;
}

/** The API as a listener needs it. */
export interface Api {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly transfers: FileTransfers;
  /** Finishes what an earlier life began. `first`: the account that was there before clients could make any. */
  resume(first: Account): Promise<void>;
  /** Goes on with what processes had begun that have ended. */
  goOn(): Promise<void>;
  /** Enters what other processes have done to accounts, which `read` gives. */
  refresh(read: () => Promise<readonly Account[]>): Promise<void>;
  /** Makes what a document says there is to be, as whoever runs the service. `account`: where what names none goes. */
  seed(document: unknown, options: SeedOptions, asker: Pick<Asker, 'account' | 'baseUrl' | 'signal'>): Promise<SeedReport>;
  /** Ends answers that would go on for ever: to be called before the listener waits for requests under way. */
  leave(): void;
  /** Closes agents' sockets and open transfers; requests under way are the listener's to wait for. */
  close(): void;
}

const NOTHING = new Histogram([]);
const BY_RESULT = { success: NOTHING, failure: NOTHING };
/** Of a process that has no owners. */
const NO_FIGURES: Figures = { counted: { ticks: 0, events: 0, turnSeconds: NOTHING, commitSeconds: NOTHING, waitSeconds: NOTHING, runSeconds: BY_RESULT, turnaroundSeconds: BY_RESULT }, accounts: () => [] };
const NO_COMMITS: Commits = { listen: () => () => undefined };
const AGENT_FILES = '/linarite/agent/files/';
const PLAIN_TEXT = 'text/plain; charset=utf-8';

/** The answer of one of our own paths, outside of all planes. */
interface OwnAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

type OwnRoute = (request: IncomingMessage) => OwnAnswer | Promise<OwnAnswer>;

export function createApi(options: ApiOptions): Api {
  const metrics = createMetrics(options.database, options.figures ?? NO_FIGURES, options.tracing);
  const transfers = options.transfers ?? createFileTransfers();
  const sockets = createAgentSockets({ door: options.door, log: options.log, accounts: options.accounts, elsewhere: options.several?.agents });
  const quotas = { pools: LIMITS.quotas.pools, activeJobs: LIMITS.quotas.activeJobsAndSchedules, ...options.quotas };
  const { sealing } = options.management;
  const { database, wake, explanations, files, nodeRequests, simulations, storages } = options;
  const timeout = options.timeout ?? ((ms: number) => AbortSignal.timeout(ms));
  const wallClock = options.wallClock ?? options.clock;
  const later = createLater(options.log, options.several?.hold);
  const commits = options.commits ?? NO_COMMITS;
  const tails = new Tails({ database, commits, clock: options.clock, log: options.log });
  const parts: Parts = { database, clock: options.clock, wallClock, settableClock: options.settableClock ?? null, wake, commits, tails, sealing, webhooks: { mayBePrivate: options.webhooks?.mayBePrivate === true }, addTasks: tasksTogether({ database, sealing, wake }), explanations, files, nodeRequests, simulations, storageOf: (account) => storages.workplaceOf(account), quotas, autoScaleMinIntervalMs: options.autoScaleMinIntervalMs ?? LIMITS.autoScaleMinIntervalMs, preemptionGraceMs: options.preemptionGraceMs ?? LIMITS.preemptionGraceMs, seeds: createSeeds(() => management, options.log), tracing: options.tracing, later, timeout };
  const deliverer = options.webhooks === undefined ? null : startDeliverer({ database, tails, sealing, ...options.webhooks, clock: options.clock, wallClock, random: Math.random, log: options.log });
  const { accounts } = options;
  const roles = createAssignedRoles(database);
  const directory = { tokens: options.identity.tokens, roles, scopeOf: (account: AccountNumber) => resourceOfAccount(database, account) };
  const { origin = LOCAL_RULES } = options;
  const sessions = createSessions({ database, accounts, wallClock });
  const authorities: Authorities = { accounts, tokens: options.tokens, directory, sessions, origin, jobOf: (task) => jobOfTask(options.database, task), wallClock };
  const audit = createAudit(options.log, () => accounts.tell());
  const { authority = managementAuthority({ ...directory, wallClock }), ...managing } = options.management;
  const management: ManagementParts = { ...managing, data: parts, accounts, storages, later, clock: options.clock, within: createWithin(() => management, { ...authority, audit }) };
  const service: Planes = {
    planes: [createIdentityPlane(options.identity, { database, taskTokens: options.tokens, wallClock, audit }), createManagementPlane({ parts: management, audit, ...authority }), createSignInPlane({ sessions, accounts, origin }), createOwnPlane({ parts, authorities }), createDataPlane({ parts, authorities, log: options.log })],
    clock: options.clock,
    monotonic: options.monotonic ?? (() => performance.now()),
    log: options.log,
    tracing: options.tracing,
    observe: metrics.observe,
  };
  const blobFront = createBlobFront({ storages, permits: blobPermits({ ...directory, database, wallClock }), now: wallClock });
  const own = ownRoutes(options, { metrics, transfers });

  return {
    handler: (request, response) => {
      if (options.several?.answer(request, response) === true) return;
      if (options.several !== undefined && handsFileOn(options.door, options.several.agents, request, response, options.log)) return;
      const blobs = blobAccountAt(request.headers.host);
      if (blobs !== undefined) {
        void blobFront(blobs, request, response);
        return;
      }
      if (answerCrossOrigin(request, response)) return;
      const page = pageRequest(request);
      if (page !== undefined) {
        page(request, response);
        return;
      }
      const route = own(request);
      const answering = route === undefined ? answerClient(service, request, response) : answerOwn(route, request, response);
      // What breaks here is a bug of ours; the client gets no half answer, and the process goes on.
      answering.catch((error: unknown) => {
        options.log.error({ error, method: request.method, path: request.url?.split('?')[0] }, 'no answer could be given');
        response.destroy();
      });
    },
    upgrade: sockets.upgrade,
    transfers,
    resume: async (first) => {
      await resumeManagement(management, first, options.clock());
      await resumeBulk(parts);
    },
    refresh: async (read) => enterAll(management, await read()),
    goOn: async () => {
      await finishBegun(management, options.clock());
      await resumeBulk(parts);
    },
    seed: (document, seeding, asker) => parts.seeds.run(document, seeding, { ...asker, identity: OPERATOR, permit: () => undefined }),
    leave: () => tails.close(),
    close: () => {
      deliverer?.stop();
      tails.close();
      later.stop();
      metrics.close();
      sockets.close();
      transfers.close();
    },
  };
}

interface OwnParts {
  readonly metrics: Metrics;
  readonly transfers: FileTransfers;
}

/**
 * Finds which of our few own paths a request is for; all else is for the planes, whose matchers need the path as it was
 * sent.
 */
function ownRoutes({ trouble, warning, settableClock = null, database, door }: ApiOptions, { metrics, transfers }: OwnParts): (request: IncomingMessage) => OwnRoute | undefined {
  const gets: ReadonlyMap<string, OwnRoute> = new Map<string, OwnRoute>([
    ['/healthz', () => ({ status: 200, type: PLAIN_TEXT, text: 'ok\n' })],
    [
      '/readyz',
      async () => {
        const cause = trouble?.() ?? ((await ping(database)) ? null : 'the database does not answer');
        if (cause !== null) return { status: 503, type: PLAIN_TEXT, text: `not ready: ${cause}\n` };
        const toSee = warning?.() ?? null;
        const ready = settableClock === null ? 'ready' : `ready (on a virtual clock, ${timeText(settableClock.offsetMs)} ahead)`;
        return { status: 200, type: PLAIN_TEXT, text: toSee === null ? `${ready}\n` : `ready, but ${toSee}\n` };
      },
    ],
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, text: await metrics.text() })],
  ]);
  return ({ method, url = '/' }) => {
    const [path = '/'] = url.split('?');
    if (method === 'GET') return gets.get(path);
    const file = method === 'POST' && path.startsWith(AGENT_FILES) ? decoded(path.slice(AGENT_FILES.length)) : undefined;
    return file === undefined ? undefined : async (request) => ({ type: PLAIN_TEXT, ...(await transfers.receive(request, file, door)) });
  };
}

/** Bytes of a file from an agent whose account another process has: they go on to it. False: they are for this one. */
function handsFileOn(door: AgentDoor, agents: AgentsElsewhere, request: IncomingMessage, response: ServerResponse, log: Logger): boolean {
  if (request.method !== 'POST' || request.url?.startsWith(AGENT_FILES) !== true) return false;
  const credential = bearerOf(request);
  if (credential === null || door.authenticate(credential) !== null) return false;
  const refuse = (status: number, text: string): void => void response.writeHead(status, { 'content-type': PLAIN_TEXT, connection: 'close' }).end(text);
  agents.placeOf(credential).then(
    (place) => {
      if (place?.kind === 'there') agents.hand(place.peer, request, response);
      else refuse(401, 'unknown credential\n');
    },
    (error: unknown) => {
      log.info({ error }, 'no process has the account of a file that an agent sends');
      refuse(503, 'nobody has the account now\n');
    },
  );
  return true;
}

/** Undefined for what cannot be decoded: a plane says what is wrong with it. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

async function answerOwn(route: OwnRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, text } = await route(request);
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  endAnswer(request, response, text);
}

async function answerClient(service: Planes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  send(request, response, await serve(service, incomingOf(request, response)));
}

function incomingOf(message: IncomingMessage, response: ServerResponse): Incoming {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const encrypted = 'encrypted' in message.socket && message.socket.encrypted === true;
  return { message, rawUrl: message.url ?? '/', scheme: encrypted ? 'https' : 'http', gone: gone.signal };
}

/** Names of headers are spelled as the real service spells them: some clients read them with their case. */
function send(request: IncomingMessage, response: ServerResponse, { status, headers, body, reason }: Outgoing): void {
  response.statusCode = status;
  if (reason !== undefined) response.statusMessage = reason;
  for (const [name, value] of Object.entries(headers)) response.setHeader(headerName(name), value);
  // A HEAD answer, an error too, has headers alone.
  if (request.method === 'HEAD' || body === null) endAnswer(request, response, null);
  else if (typeof body === 'string') endAnswer(request, response, body);
  // A body that breaks off breaks the connection: so the client knows that it does not have it all.
  else pipeline(body, response, () => {});
}
