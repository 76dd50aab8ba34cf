import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { AgentCommand, AgentFrame, NodeSetup, OwnerFrame, Work } from '../../src/agent/frames.ts';
import type { AttemptEnd, AttemptOutcome } from '../../src/core/events.ts';
import { attemptName, type AttemptKey } from '../../src/core/keys.ts';
import type { Report } from '../../src/agent/reports.ts';

/** An owner that does what the test says: real sockets, no rules. Keeps all frames of all agents that dialled in. */
export interface ScriptedOwner {
  readonly agentUrl: string;
  readonly frames: readonly Received[];
  /** Reports in order, each number once, over all connections of a node. */
  readonly reports: readonly Report[];
  send(frame: OwnerFrame): void;
  sendText(text: string): void;
  command(...commands: readonly AgentCommand[]): void;
  /** Resolves with the first value that `find` gives, now or after a later frame; rejects at the deadline. */
  until<T>(what: string, find: () => T | null | undefined | false, withinMs?: number): Promise<T>;
  /** Runs one attempt from offer to end; the same task again is its next attempt. */
  run(work: Partial<Work> & { readonly commandLine: string }, withinMs?: number): Promise<AttemptEnd>;
  /** Looks again at what `until` waits for. */
  look(): void;
  /** Breaks the present connection, as a network would. */
  drop(): void;
  /** Requests for file bodies go here. */
  onFileBody: (request: IncomingMessage, response: ServerResponse) => void;
  /** Set to change what the next `welcome` says. */
  welcome: { epoch: number; leaseMs: number | null; acknowledge: boolean; node: NodeSetup; measureEveryMs?: number };
  close(): Promise<void>;
}

interface Received {
  readonly credential: string;
  readonly frame: AgentFrame;
}

export function nodeSetup(changes: Partial<NodeSetup> = {}): NodeSetup {
  return {
    nodeId: 'tvmps_0000_d',
    poolId: 'pool1',
    accountName: 'acct',
    accountUrl: 'http://127.0.0.1:1',
    dedicated: true,
    slots: 4,
    startTask: null,
    userAccounts: [],
    ...changes,
  };
}

export function work(changes: Partial<Work> & { readonly commandLine: string }): Work {
  return {
    job: 'job1',
    task: 'task1',
    directory: `workitems/${changes.job ?? 'job1'}/job-1/${changes.task ?? 'task1'}`,
    slots: 1,
    environment: [],
    resourceFiles: [],
    outputFiles: [],
    user: { kind: 'auto', scope: 'pool', elevation: 'nonadmin' },
    wallClockMs: null,
    retentionMs: null,
    ...changes,
  };
}

export async function startOwner(setup: Partial<NodeSetup> = {}): Promise<ScriptedOwner> {
  const http: Server = createServer((request, response) => owner.onFileBody(request, response));
  const sockets = new WebSocketServer({ server: http, path: '/linarite/agent' });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const frames: Received[] = [];
  const reports: Report[] = [];
  const waiting = new Set<() => void>();
  let received = 0;
  let acknowledged = 0;
  const tasks = new Map<string, { readonly number: number; readonly attempts: number }>();
  let current: WebSocket | null = null;
  /** What comes before the welcome an agent does not know. */
  let welcomed: WebSocket | null = null;

  const owner: ScriptedOwner = {
    agentUrl: `ws://127.0.0.1:${port}/linarite/agent`,
    frames,
    reports,
    onFileBody: (_request, response) => response.writeHead(404).end(),
    welcome: { epoch: 1, leaseMs: null, acknowledge: true, node: nodeSetup(setup) },
    send: (frame) => current?.send(JSON.stringify(frame)),
    sendText: (text) => current?.send(text),
    command: (...commands) => owner.send({ kind: 'commands', epoch: owner.welcome.epoch, commands }),
    until: (what, find, withinMs = 60_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = find();
          if (found === null || found === undefined || found === false) return;
          waiting.delete(look);
          clearTimeout(deadline);
          resolve(found);
        };
        const deadline = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`not within ${withinMs / 1_000} s: ${what}; reports so far: ${JSON.stringify(reports.slice(-5))}`));
        }, withinMs);
        waiting.add(look);
        look();
      }),
    run: async (asked, withinMs) => {
      await owner.until('an agent has dialled in', () => current !== null && current === welcomed);
      const name = asked.task ?? `task${tasks.size}`;
      const { number, attempts } = tasks.get(name) ?? { number: 101 + tasks.size, attempts: 0 };
      tasks.set(name, { number, attempts: attempts + 1 });
      const key: AttemptKey = { job: 1, task: number, attempt: attempts + 1, instance: 0 };
      owner.command({ kind: 'offer', key, work: work({ task: name, directory: `workitems/job1/job-1/${name}`, ...asked }) });
      return owner.until(`end of ${name}`, () => endOf(owner, key), withinMs);
    },
    look: () => {
      for (const look of waiting) look();
    },
    drop: () => current?.terminate(),
    close: async () => {
      if (!http.listening) return;
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };

  sockets.on('connection', (socket, request) => {
    current = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as AgentFrame;
      frames.push({ credential: request.headers.authorization ?? '', frame });
      if (frame.kind === 'hello') {
        if (frame.report.life !== lastLife) {
          received = 0;
          acknowledged = 0;
        }
        lastLife = frame.report.life;
        const { acknowledge: _, ...said } = owner.welcome;
        socket.send(JSON.stringify({ kind: 'welcome', ...said, acknowledged } satisfies OwnerFrame));
        welcomed = socket;
      } else if (frame.kind === 'reports') {
        for (const [index, report] of frame.reports.entries()) {
          if (frame.first + index !== received + 1) continue;
          reports.push(withoutMeasures(report));
          received++;
        }
        if (owner.welcome.acknowledge) {
          acknowledged = received;
          owner.send({ kind: 'acknowledge', epoch: owner.welcome.epoch, sequence: received });
        }
      }
      owner.look();
    });
  });
  let lastLife = 0;
  return owner;
}

export function endOf(owner: ScriptedOwner, key: AttemptKey): AttemptEnd | null {
  const found = owner.reports.find((report) => report.kind === 'ended' && attemptName(report.end.key) === attemptName(key));
  return found?.kind === 'ended' ? found.end : null;
}

export async function outcomeOf(end: Promise<AttemptEnd>): Promise<AttemptOutcome> {
  return (await end).outcome;
}

/** What a try has used, and when its steps began, is never the same. */
function withoutMeasures(report: Report): Report {
  if (report.kind !== 'ended') return report;
  const { used: _, steps: __, ...outcome } = report.end.outcome;
  return { ...report, end: { ...report.end, outcome } };
}
