import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { MACHINE_TIME, runLoop } from '../../src/control/loop.ts';
import { Owner } from '../../src/control/owner.ts';
import { createCore } from '../../src/core/core.ts';
import { type Poison, poisoned } from '../../src/simulation/poison.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { readQuarantineReport } from '../../src/store/quarantineReport.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { until } from '../support/deadline.ts';
import { jobIntent, taskIntent } from '../support/intents.ts';
import { temporaryDatabase } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';
import { idleProvider } from '../support/providers.ts';

let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
let pool: Pool;
beforeAll(async () => {
  postgres = await temporaryDatabase();
  ({ pool } = postgres);
});
afterAll(() => postgres.remove());

/** A service's owner and loop on the real database, with a fault in its rules. */
async function service(poison: Poison) {
  const faults: Error[] = [];
  let loop: ReturnType<typeof runLoop> | undefined;
  const owner: Owner = new Owner({
    account: { number: 1, name: 'one', url: 'http://one' },
    process: randomUUID(),
    processUrl: 'http://p',
    agentUrl: 'ws://p',
    store: postgresOwnerStore(pool),
    provider: idleProvider,
    createCore: poisoned(createCore, poison),
    credentials: nodeCredentials(new Uint8Array(32)),
    tokens: taskTokens(new Uint8Array(32)),
    secrets: createSealing(new Uint8Array(32)),
    sign: { container: (name) => name, url: () => null, endpoint: (account) => account },
    clock: Date.now,
    monotonic: MACHINE_TIME.now,
    random: Math.random,
    onWork: () => loop?.wake(),
    onFault: (fault) => void faults.push(fault),
    onDeposed: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  await owner.start();
  loop = runLoop(owner, { time: MACHINE_TIME, onError: (error) => void faults.push(error instanceof Error ? error : new Error(String(error))) });
  loop.wake();
  const stop = async (): Promise<void> => {
    await loop?.stop();
    await owner.stop();
  };
  return { owner, faults, stop };
}

test('a task that the rules fail on is in quarantine, the next service leaves it alone, and all else is taken in', async () => {
  const intents = postgresIntents(pool);
  const job = await intents.addJob(1, jobIntent({ id: 'Nightly' }));
  await intents.addTasks(job, [taskIntent('a'), taskIntent('poison'), taskIntent('c')]);
  const poison: Poison = { isIn: (event) => event.kind === 'tasks' && event.tasks.some(({ intent, aside }) => intent.task === 2 && aside === undefined), isLoadedWith: ({ tasks }) => tasks.some(({ plain }) => plain.numbers.includes(2)), when: 'deciding' };
  const ingested = async (): Promise<number> => (await pool.query<{ ingested: number }>('select ingested from job_status')).rows[0]?.ingested ?? 0;
  const first = await service(poison);
  await until('the job has been taken in', async () => (await ingested()) === 3 && !first.owner.isCareful);
  const report = await readQuarantineReport(postgres.connection);
  expect(report).toEqual({ count: 1, first: [{ what: 'task poison of job Nightly', since: expect.any(String), error: 'Error: poisoned' }] });
  await first.stop();
  const second = await service(poison);
  await intents.addTasks(job, [taskIntent('d')]);
  second.owner.sweep();
  await until('the next task has been taken in', async () => (await ingested()) === 4 && !second.owner.isCareful);
  expect([first.faults, second.faults, second.owner.isCareful, (await readQuarantineReport(postgres.connection)).count]).toEqual([[], [], false, 1]);
  await second.stop();
});
