import { Session, type Profiler } from 'node:inspector/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runService } from '../../src/cli/service/process/run.ts';
import { createParts } from '../../src/cli/service/process/wiring.ts';
import { decideOptions } from '../../src/cli/service/start.ts';
import type { ClosableProvider, NodeRequest, Observation } from '../../src/nodes/provider.ts';

/** What this program is told, by whoever forked it. */
export type Told =
  | { readonly kind: 'run'; readonly dataDir: string; readonly port: number }
  /** The agent of this life was made, or is gone. */
  | { readonly kind: 'observed'; readonly observation: Observation }
  /** From now on it is so much later. */
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'profile' }
  | { readonly kind: 'profiled' };

/** What it says. */
export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'advanced' }
  /** Make this agent. */
  | { readonly kind: 'acquire'; readonly request: NodeRequest }
  /** End it. */
  | { readonly kind: 'end'; readonly node: number; readonly life: number }
  | { readonly kind: 'profile'; readonly top: readonly SelfTime[] };

/** How long a function ran by itself, what it called left out. */
export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  readonly percent: number;
}

const TOP = 15;
const SAMPLE_US = 500;
const ROOT = resolve(import.meta.dirname, '../..');

/**
 * The service as `linarite up` runs it, with its database and blob server, but for its nodes: these are whoever forked
 * it. Ended by SIGTERM, as that one is.
 */
const watchers = new Set<(observation: Observation) => void>();
const session = new Session();

/** How far the service's time of day is ahead of the machine's: as if the machine's clock had been set. */
let aheadMs = 0;
const { now: machineNow } = Date;
Date.now = () => machineNow() + aheadMs;

function say(said: Said): void {
  process.send?.(said);
}

const provider: ClosableProvider = {
  kind: 'simulated',
  leaseOf: () => null,
  probe: () => Promise.resolve({ maxNodes: null, lowPriority: true, limits: [] }),
  acquire: (request) => Promise.resolve(say({ kind: 'acquire', request })),
  release: (node, life) => Promise.resolve(say({ kind: 'end', node, life })),
  halt: (node, life) => Promise.resolve(say({ kind: 'end', node, life })),
  list: () => Promise.resolve([]),
  watch: (callback) => {
    watchers.add(callback);
    return () => watchers.delete(callback);
  },
  close: () => Promise.resolve(),
};

async function run(dataDir: string, port: number): Promise<void> {
  const over = new AbortController();
  const ended = new Promise<void>((settle) => process.once('SIGTERM', () => {
    over.abort();
    settle();
  }));
  const { options } = await decideOptions(dataDir, { port });
  const service = await runService(dataDir, options, createParts(() => provider), { signal: over.signal });
  say({ kind: 'ready' });
  await ended;
  await service.stop('end');
  process.exit(0);
}

process.on('message', (told: Told) => {
  switch (told.kind) {
    case 'run':
      return void run(told.dataDir, told.port);
    case 'observed':
      for (const watcher of watchers) watcher(told.observation);
      return;
    case 'advance':
      aheadMs += told.ms;
      return say({ kind: 'advanced' });
    case 'profile':
      return void startProfile();
    case 'profiled':
      return void session.post('Profiler.stop').then(({ profile }) => {
        session.disconnect();
        say({ kind: 'profile', top: topOf(profile) });
      });
  }
});

async function startProfile(): Promise<void> {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  await session.post('Profiler.start');
}

function topOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [id, `${functionName || '(anonymous)'} ${placeOf(url)}${url === '' ? '' : `:${lineNumber + 1}`}`.trim()]));
  const times = new Map<string, number>();
  let whole = 0;
  for (const [index, id] of samples.entries()) {
    const ms = (timeDeltas[index] ?? 0) / 1_000;
    const name = names.get(id) ?? '';
    whole += ms;
    times.set(name, (times.get(name) ?? 0) + ms);
  }
  return [...times]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, TOP)
    .map(([name, ms]) => ({ name, ms: Math.round(ms), percent: Number(((100 * ms) / whole).toFixed(1)) }));
}

function placeOf(url: string): string {
  return url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
}
