import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNode, type TestNode } from './testNode.ts';

/** Waits; told to end, it asks why, saves what it has, and lets go of its node. */
const PROGRAM = String.raw`
ask() { "$NODE_PROGRAM" -e 'const [method, body] = process.argv.slice(1);
  fetch(process.env.LINARITE_SCHEDULED_EVENTS_URL + "?api-version=2020-07-01", { method, body, headers: { metadata: "true" } }).then((answer) => answer.text()).then(console.log)' "$@"; }
save() {
  ask GET > after.json
  echo saved > checkpoint
  ask POST "{\"StartRequests\": [{\"EventId\": \"$(sed -E 's/.*"EventId":"([^"]+)".*/\1/' after.json)\"}]}"
  exit 0
}
trap save TERM
ask GET > before.json
echo ready > started
while :; do sleep 0.05; done
`;
const GRACE_MS = 20_000;

/** The attempts of a test, as the scripted owner numbers them. */
const FIRST = { job: 1, task: 101, attempt: 1, instance: 0 };

describe('a low-priority node', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode({ dedicated: false, nodeId: 'tvmps_0000_p' }, { nodeId: 'tvmps_0000_p', lowPriority: true });
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  test('tells a task when it is to be taken back, gives it its time, and goes when the task lets go of it', async () => {
    writeFileSync(join(node.root, 'shared/saves.sh'), PROGRAM, { mode: 0o755 });
    const environment = [{ name: 'LINARITE_SCHEDULED_EVENTS_URL', value: 'http://elsewhere' }, { name: 'NODE_PROGRAM', value: process.execPath }];
    const ended = node.owner.run({ task: 'saves', commandLine: `/bin/sh ${node.root}/shared/saves.sh`, environment });
    const file = (name: string): string => readFileSync(join(node.root, 'workitems/job1/job-1/saves/wd', name), 'utf8');
    await node.owner.until('start', () => node.owner.reports.find(({ kind }) => kind === 'started'));
    await expect.poll(() => file('started'), { timeout: 30_000 }).toBe('ready\n');
    const notBefore = Date.now() + GRACE_MS;
    node.owner.command({ kind: 'preempt', notBefore }, { kind: 'end', key: FIRST, reason: 'preempted', deadlineMs: GRACE_MS });
    const end = await ended;
    expect(end.outcome).toEqual({ kind: 'killed', exitCode: 0, reason: 'preempted' });
    expect(end.endedAt).toBeLessThan(notBefore);
    expect(file('checkpoint')).toBe('saved\n');
    expect(JSON.parse(file('before.json'))).toEqual({ DocumentIncarnation: 1, Events: [] });
    expect(JSON.parse(file('after.json'))).toMatchObject({ DocumentIncarnation: 2, Events: [{ EventType: 'Preempt', EventStatus: 'Scheduled', Resources: ['tvmps_0000_p'], NotBefore: new Date(notBefore).toUTCString() }] });
    await node.owner.until('its owner hears that it may go', () => node.owner.reports.find(({ kind }) => kind === 'letGo'));
  });
});
