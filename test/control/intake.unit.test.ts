import { expect, test } from 'vitest';
import { Intake } from '../../src/control/intake.ts';
import { Specs } from '../../src/control/specs.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import type { IntentWriter } from '../../src/simulation/intentWriter.ts';

const job: Parameters<IntentWriter['addJob']>[1] = {
  id: 'job',
  createdAt: 0,
  poolId: 'pool',
  priority: 0,
  maxParallelTasks: -1,
  maxTaskRetryCount: 0,
  maxWallClockMs: null,
  usesTaskDependencies: false,
  onAllTasksComplete: 'noaction',
  onTaskFailure: 'noaction',
  action: { kind: 'none' },
  actionSequence: 0,
  actionAt: 0,
  deletedAt: null,
};
const tasks = (count: number): Parameters<IntentWriter['addTasks']>[1] =>
  Array.from({ length: count }, (_, index) => ({
    idKey: `t${index}`,
    createdAt: 0,
    requiredSlots: 1,
    maxTaskRetryCount: null,
    retentionMs: 0,
    affinity: null,
    dependsOn: null,
    exitConditions: null,
    terminateAt: null,
    reactivateSequence: 0,
    deletedAt: null,
  }));

test('a task added to one job does not wait until the tens of thousands of another have been taken in', async () => {
  const { store, intents } = memoryStore({ clock: () => 0 });
  const intake = new Intake(store, 1, new Specs(store));
  const large = await intents.addJob(1, { ...job, id: 'large' });
  await intents.addTasks(large, tasks(20_000));
  const small = await intents.addJob(1, { ...job, id: 'small' });
  await intents.addTasks(small, tasks(1));
  const takenIn = new Map([[large, 0], [small, 0]]);
  const read = async (): Promise<boolean> => {
    const { events, more } = await intake.read();
    for (const event of events) if (event.kind === 'tasks') takenIn.set(event.job, event.through);
    return more;
  };
  await read();
  await read();
  expect(takenIn.get(small)).toBe(1);
  expect(takenIn.get(large)).toBeLessThan(20_000);
  while (await read()) expect(takenIn.get(large)).toBeLessThan(20_000);
  expect(takenIn.get(large)).toBe(20_000);
});
