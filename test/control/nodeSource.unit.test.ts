import { expect, test } from 'vitest';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { NodeSource } from '../../src/control/nodeSource.ts';
import type { NodeStatus } from '../../src/core/status.ts';
import { EngineAway } from '../../src/nodes/away.ts';
import type { Observation } from '../../src/nodes/provider.ts';
import { idleProvider } from '../support/providers.ts';

function node(number: number, life: number, state: NodeStatus['state']): NodeStatus {
  return { node: number, life, state, id: `n${number}` } as NodeStatus;
}

/** An account whose engine cannot be asked, until a test says what it answers. */
function sourceOf() {
  const script: { listed: readonly Observation[] | null } = { listed: null };
  const ended: string[] = [];
  const told: string[] = [];
  const watchers = new Set<(observation: Observation) => void>();
  const time = { now: 1_000 };
  const provider = {
    ...idleProvider,
    list: () => (script.listed === null ? Promise.reject(new EngineAway('The controller does not answer.')) : Promise.resolve(script.listed)),
    release: (number: number, life: number) => Promise.resolve(void ended.push(`release ${number}.${life}`)),
    halt: (number: number, life: number) => Promise.resolve(void ended.push(`halt ${number}.${life}`)),
    watch: (callback: (observation: Observation) => void) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const source = new NodeSource({ account: { number: 1, name: 'a', url: '' }, provider, credentials: nodeCredentials(new Uint8Array(64)), agentUrl: 'ws://a', monotonic: () => time.now, log }, ({ node: number, life, observed }) => told.push(`${number}.${life} ${observed.kind}`), () => null);
  source.watch();
  return { source, script, ended, told, time, say: (observation: Observation) => watchers.forEach((watcher) => watcher(observation)) };
}

test('nodes of an engine that cannot be asked are taken as they were', async () => {
  const { source, ended } = sourceOf();
  const truth = await source.truth([node(1, 3, 'idle'), node(2, 1, 'creating')]);
  expect(truth.map(({ observed }) => observed)).toEqual([{ kind: 'running' }, { kind: 'pending', reason: 'The controller does not answer.' }]);
  expect(ended).toEqual([]);
});

test('it is asked again, and what has become of them meanwhile is told', async () => {
  const { source, script, ended, told, time } = sourceOf();
  const nodes = [node(1, 3, 'idle'), node(2, 1, 'creating'), node(3, 1, 'running'), node(4, 2, 'idle')];
  await source.truth(nodes);
  await source.askAway(() => nodes);
  expect(told, 'not at once').toEqual([]);
  time.now += 1_000;
  await source.askAway(() => nodes);
  expect(told, 'it is still away').toEqual([]);
  script.listed = [
    { node: 1, life: 3, observed: { kind: 'running' } },
    { node: 4, life: 1, observed: { kind: 'running' } },
    { node: 9, life: 1, observed: { kind: 'running' } },
  ];
  time.now += 2_000;
  await source.askAway(() => nodes);
  expect(ended, 'an earlier life, and one that the account has not').toEqual(['halt 4.1', 'release 9.1']);
  expect(told).toEqual(['3.1 ended', '4.2 ended', '1.3 running', '4.1 running', '9.1 running']);
  time.now += 60_000;
  await source.askAway(() => nodes);
  expect(told, 'once').toHaveLength(5);
});

test('what is seen while it answers is newer than its answer', async () => {
  const { source, script, told, time, say } = sourceOf();
  const nodes = [node(1, 3, 'idle')];
  await source.truth(nodes);
  script.listed = [{ node: 1, life: 3, observed: { kind: 'running' } }];
  time.now += 1_000;
  const asking = source.askAway(() => nodes);
  say({ node: 1, life: 3, observed: { kind: 'ended', reason: 'gone' } });
  await asking;
  expect(told).toEqual(['1.3 running', '1.3 ended']);
});
