import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
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

test('processes of dead agents are found and killed in a thread of its own', async () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'linarite-sweep-'));
  const place = placeOf(dataRoot, 1);
  const left = spawn('/bin/sleep', ['1000'], { env: { LINARITE_NODE: place.root, [CONFIG_VARIABLE]: place.config }, detached: true });
  const killed = once(left, 'exit');
  await once(left, 'spawn');
  expect(await findAgent(place.config)).toEqual(identifyProcess(left.pid ?? 0));
  await sweep(place);
  expect(await killed).toEqual([null, 'SIGKILL']);
  expect(await findAgent(place.config)).toBeNull();
  rmSync(dataRoot, { recursive: true });
});
