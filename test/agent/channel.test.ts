import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Report } from '../../src/agent/reports.ts';
import type { AttemptKey } from '../../src/core/keys.ts';
import { endOf, work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

function key(task: number, attempt = 1): AttemptKey {
  return { job: 1, task, attempt, instance: 0 };
}

describe('a node and its owner', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = await startNode({ slots: 2 });
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterEach(() => node.close());

  const hellos = () => node.owner.frames.flatMap(({ frame }) => (frame.kind === 'hello' ? [frame] : []));
  const offer = (task: number, commandLine: string): void =>
    node.owner.command({ kind: 'offer', key: key(task), work: work({ task: `t${task}`, commandLine }) });
  const until = (path: string): string => `/bin/sh -c 'until test -e $AZ_BATCH_NODE_SHARED_DIR/${path}; do sleep 0.02; done'`;

  test('the agent shows its credential and says what it is', () => {
    expect(node.owner.frames[0]).toMatchObject({
      credential: 'Bearer secret-of-the-node',
      frame: { kind: 'hello', protocol: 1, nodeId: 'tvmps_0000_d', sequence: 0, report: { life: 1, held: [], startTask: null, ready: false, ipAddress: '127.0.0.1' } },
    });
  });

  test('tasks go on while the connection is down, and are told of afterwards with what is held', async () => {
    // In one frame: of several the last may not have come yet when the connection ends.
    node.owner.command(...[until('go'), until('never'), '/bin/true'].map((commandLine, index) => ({ kind: 'offer', key: key(index + 1), work: work({ task: `t${index + 1}`, commandLine }) }) as const));
    await node.owner.until('two started', () => node.owner.reports.filter(({ kind }) => kind === 'started').length === 2);
    node.owner.drop();
    await node.owner.until('a second hello', () => hellos().length >= 2);
    expect(hellos()[1]?.report.held.map(({ key, state }) => `${key.task} ${state}`)).toEqual(['1 started', '2 started', '3 offered']);
    expect(hellos()[1]?.report.ready).toBe(true);
    expect(hellos().map(({ report }) => report.jobs)).toEqual([[], [1]]);
    writeFileSync(join(node.root, 'shared/go'), '');
    await node.owner.until('the first ends and the third runs', () => endOf(node.owner, key(1)) && endOf(node.owner, key(3)));
  });

  test('reports are said again until they are acknowledged, in their order', async () => {
    const saidSince = (from: number): readonly Report[] => node.owner.frames.slice(from).flatMap(({ frame }) => (frame.kind === 'reports' ? frame.reports : []));
    const begin = node.owner.frames.length;
    node.owner.welcome.acknowledge = false;
    for (const task of [1, 2]) {
      offer(task, '/bin/true');
      await node.owner.until('told', () => endOf(node.owner, key(task)));
    }
    const said = saidSince(begin);
    const before = node.owner.frames.length;
    node.owner.welcome.acknowledge = true;
    node.owner.drop();
    const again = await node.owner.until('told again', () => (saidSince(before).length >= said.length ? saidSince(before) : null));
    expect(again.slice(0, said.length)).toEqual(said);
  });

  test('a result that was not acknowledged survives the agent', async () => {
    node.owner.welcome.acknowledge = false;
    offer(1, '/bin/sh -c "exit 9"');
    await node.owner.until('told', () => endOf(node.owner, key(1)));
    node.agent.kill('SIGKILL');
    await node.exited();
    node.owner.welcome.acknowledge = true;
    const before = node.owner.frames.length;
    node.startAgent(2);
    const told = await node.owner.until('told by the next life', () =>
      node.owner.frames
        .slice(before)
        .flatMap(({ frame }) => (frame.kind === 'reports' ? frame.reports : []))
        .find((report) => report.kind === 'ended'),
    );
    expect(told).toMatchObject({ end: { key: key(1), outcome: { kind: 'exited', exitCode: 9 } } });
    expect(hellos().at(-1)).toMatchObject({ sequence: 1, report: { life: 2, held: [], jobs: [1] } });
  });

  test('frames of an owner that has been replaced are refused', async () => {
    node.owner.welcome.epoch = 5;
    node.owner.drop();
    await node.owner.until('a second hello', () => hellos().length >= 2);
    node.owner.send({ kind: 'commands', epoch: 4, commands: [{ kind: 'offer', key: key(1), work: work({ commandLine: '/bin/true' }) }] });
    node.owner.send({ kind: 'leave', epoch: 4 });
    offer(2, '/bin/true');
    await node.owner.until('the second ends', () => endOf(node.owner, key(2)));
    expect(node.owner.reports.some((report) => report.kind === 'started' && report.key.task === 1)).toBe(false);
  });

  test('a welcome of an owner that has been replaced is hung up on', async () => {
    node.owner.welcome.epoch = 5;
    node.owner.drop();
    await node.owner.until('a second hello', () => hellos().length >= 2);
    offer(1, '/bin/true');
    await node.owner.until('it runs', () => endOf(node.owner, key(1)));
    node.owner.welcome.epoch = 3;
    node.owner.drop();
    await node.owner.until('the agent tries again and again', () => hellos().length >= 5);
    node.owner.welcome.epoch = 6;
    await node.owner.until('it runs under the new owner', () => {
      offer(2, '/bin/true');
      return endOf(node.owner, key(2));
    });
  });

  test('what a later service adds to its frames, and frames of later kinds, disturb no agent', async () => {
    node.owner.welcome = { ...node.owner.welcome, node: { ...node.owner.welcome.node, ofALaterRelease: { x: 1 } } as typeof node.owner.welcome.node };
    node.owner.drop();
    await node.owner.until('a second hello', () => hellos().length === 2);
    node.owner.sendText(JSON.stringify({ kind: 'ofALaterRelease', epoch: 1 }));
    node.owner.sendText(JSON.stringify({ kind: 'commands', epoch: 1, ofALaterRelease: 1, commands: [{ kind: 'ofALaterRelease' }, { kind: 'offer', key: key(1), work: { ...work({ commandLine: '/bin/true' }), ofALaterRelease: [] } }] }));
    await node.owner.until('it runs', () => endOf(node.owner, key(1)));
  });

  test('what is no frame changes nothing', async () => {
    node.owner.sendText('{"kind":');
    node.owner.sendText('[]');
    node.owner.sendText('{"kind":"explode","epoch":1}');
    offer(1, '/bin/true');
    await node.owner.until('it runs', () => endOf(node.owner, key(1)));
  });

  test('a revoke of what runs is answered at once, however little it has run', async () => {
    offer(1, until('a'));
    node.owner.command({ kind: 'revoke', key: key(1) });
    await node.owner.until('answered', () => node.owner.reports.some((report) => report.kind === 'started' && report.key.task === 1));
    expect(node.owner.reports.filter(({ kind }) => kind === 'revoked')).toEqual([]);
  });

  test('a revoked offer never starts', async () => {
    offer(1, until('a'));
    offer(2, until('a'));
    offer(3, '/bin/sh -c "echo ran > $AZ_BATCH_NODE_SHARED_DIR/ran"');
    node.owner.command({ kind: 'revoke', key: key(3) });
    await node.owner.until('revoked', () => node.owner.reports.some((report) => report.kind === 'revoked' && report.key.task === 3));
  });
});

describe('a node under a lease', () => {
  test('ends its tasks and itself when the owner is silent for that long, not before', async () => {
    const node = await startNode();
    await node.owner.until('ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'));
    node.owner.welcome.leaseMs = 6_000;
    node.owner.drop();
    await node.owner.until('a second hello', () => node.owner.frames.filter(({ frame }) => frame.kind === 'hello').length === 2);
    node.owner.command({ kind: 'offer', key: key(1), work: work({ commandLine: '/bin/sleep 600' }) });
    await node.owner.until('started', () => node.owner.reports.some(({ kind }) => kind === 'started'));
    const closedAt = performance.now();
    await node.owner.close();
    expect(await node.exited()).toBe(0);
    const silentMs = performance.now() - closedAt;
    // The owner's last word may be some time ago.
    expect(silentMs).toBeGreaterThan(1_000);
    await node.close();
  });
});
