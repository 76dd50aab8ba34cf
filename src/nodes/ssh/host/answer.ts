import { readdirSync, readFileSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { accountOf } from '../../../core/node/numbers.ts';
import { siblingModule } from '../../../processes/module.ts';
import { createLocalProvider } from '../../local/provider.ts';
import { readRecords } from '../../local/record.ts';
import type { ClosableProvider, Observation } from '../../provider.ts';
import type { HostAct, HostAnswer, HostAsk, ListedNode } from './words.ts';

/**
 * Answers the ask on standard input. Nodes of a host are what those of the service's own machine are, and have the same
 * provider: it reads its records, does one thing, and leaves the agents running. Whoever starts this process has the
 * host's lock: no other is at it.
 */
export async function answerAsk(): Promise<never> {
  const ask = JSON.parse(readFileSync(0, 'utf8')) as HostAsk;
  const left: string[] = [];
  const provider = createLocalProvider({
    dataRoot: ask.nodesDirectory,
    agentCommand: [process.execPath, fileURLToPath(siblingModule(import.meta.url, './main')), 'agent'],
    maxNodes: ask.most,
    publicAddress: ask.host,
    ...(ask.act.kind === 'acquire' ? { authority: ask.act.authority } : {}),
    say: (message) => left.push(message),
  });
  const seen: Observation[] = [];
  provider.watch((observation) => seen.push(observation));
  const answer = await done(provider, ask, seen);
  await provider.close();
  if (ask.act.kind === 'release' || ask.act.kind === 'probe') removeWhenEmpty(ask);
  writeSync(1, `${JSON.stringify(answer)}\n`);
  process.exit(0);
}

async function done(provider: ClosableProvider, { act, nodesDirectory }: HostAsk, seen: readonly Observation[]): Promise<HostAnswer> {
  switch (act.kind) {
    case 'probe':
      return { seen: [], capabilities: await provider.probe() };
    case 'list':
      return { seen: await listed(provider, nodesDirectory) };
    case 'acquire':
      await provider.acquire(act.request);
      return { seen };
    case 'release':
    case 'halt':
      await end(provider, act);
      return { seen };
  }
}

async function listed(provider: ClosableProvider, nodesDirectory: string): Promise<readonly ListedNode[]> {
  const nodes = await provider.list('all');
  const accounts = new Map((await readRecords(nodesDirectory)).map(({ node, account }) => [node, account]));
  return nodes.map((one) => ({ ...one, account: accounts.get(one.node) ?? accountOf(one.node) }));
}

async function end(provider: ClosableProvider, { kind, node, life, graceMs }: Extract<HostAct, { kind: 'release' | 'halt' }>): Promise<void> {
  if (kind === 'release') await provider.release(node, life, graceMs);
  else await provider.halt(node, life, graceMs);
}

/** Of a service that has no nodes here any more nothing is left, this program included. */
function removeWhenEmpty({ nodesDirectory, serviceDirectory, aboveAll }: HostAsk): void {
  if (readdirSync(nodesDirectory).length > 0) return;
  rmSync(serviceDirectory, { recursive: true, force: true });
  if (aboveAll === null) return;
  try {
    rmdirSync(aboveAll);
  } catch {
    // Another service has nodes here.
  }
}
