import { expect, test } from 'vitest';
import { Intake } from '../../src/control/intake.ts';
import { Specs } from '../../src/control/specs.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { jobIntent, taskIntent } from '../support/intents.ts';

test('a task added to one job does not wait until the tens of thousands of another have been taken in', async () => {
  const { store, intents } = memoryStore({ clock: () => 0 });
  const intake = new Intake(store, 1, new Specs(store));
  const large = await intents.addJob(1, jobIntent({ id: 'large' }));
  await intents.addTasks(large, Array.from({ length: 20_000 }, (_, index) => taskIntent(`t${index}`)));
  const small = await intents.addJob(1, jobIntent({ id: 'small' }));
  await intents.addTasks(small, [taskIntent('t')]);
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
