import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { cgroupText, makeChildCgroup, moveToCgroup, openCgroup } from '../../src/agent/cgroups.ts';
import { processBounds } from '../../src/agent/processBounds.ts';
import { CONFIG_VARIABLE, placeOf } from '../../src/nodes/local/record.ts';
import { findAgent, sweep } from '../../src/nodes/local/sweep.ts';
import { identifyProcess } from '../../src/processes/identity.ts';

/** Whoever looks at the machine's processes in this thread holds all that it does besides: a service, its answers. */
vi.mock('../../src/agent/processes.ts', () => {
  const held = (): never => {
    throw new Error('the machine is looked at in the thread that answers');
  };
  return { createProcessSearch: () => ({ find: held, valuesOf: held, isAlive: held }), markedProcesses: held };
});

test('processes of dead agents are found and killed in a thread of its own, and their control groups removed', async () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'linarite-sweep-'));
  const place = placeOf(dataRoot, 1);
  const left = spawn('/bin/sleep', ['1000'], { env: { LINARITE_NODE: place.root, [CONFIG_VARIABLE]: place.config }, detached: true });
  const killed = once(left, 'exit');
  await once(left, 'spawn');
  const groups = openCgroup(`linarite-sweep-${process.pid}`, processBounds().allNodes, {});
  moveToCgroup(makeChildCgroup(groups, 'slot-1', 10), left.pid ?? 0);
  mkdirSync(place.state, { recursive: true });
  writeFileSync(join(place.state, 'cgroup'), cgroupText(groups));
  expect(await findAgent(place.config)).toEqual(identifyProcess(left.pid ?? 0));
  await sweep(place);
  expect(await killed).toEqual([null, 'SIGKILL']);
  expect(await findAgent(place.config)).toBeNull();
  expect([groups.net, groups.counter].filter((path) => path !== null && existsSync(path))).toEqual([]);
  rmSync(dataRoot, { recursive: true });
});
