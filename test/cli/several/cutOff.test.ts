import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/linarite.ts';
import { asOperatorOf, makeAccount, type Member, type Several, startSeveral } from '../../support/several.ts';
import { LINUX, smallClient, type SmallClient } from '../../support/smallClient.ts';
import { openWay, type Way } from '../../support/way.ts';

let it: Several;
let clients: readonly SmallClient[] = [];
let marks: string;
const ways: Way[] = [];

beforeAll(async () => {
  it = await startSeveral(2, [], {
    reach: async ({ host, port, user, database }) => {
      for (let member = 0; member < 2; member++) ways.push(await openWay(join(host, `.s.PGSQL.${port}`)));
      return ways.map((way) => `postgres://${encodeURIComponent(user)}@127.0.0.1:${way.port}/${database}`);
    },
  });
  const environments = await Promise.all(it.members.map((member) => member.env()));
  clients = environments.map((env) => smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY));
  marks = join(it.parent, 'marks');
  mkdirSync(marks);
  chmodSync(marks, 0o777);
}, 240_000);
afterAll(async () => {
  for (const way of ways) way.cut('none');
  for (const client of clients) client.close();
  await it?.purge();
  for (const way of ways) way.close();
}, 240_000);

/** As the database has it, which the test reaches at any time. */
async function asked<Row extends object>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
  const database = new Client({ connectionString: it.databaseUrl });
  await database.connect();
  try {
    return (await database.query<Row>(sql, [...values])).rows;
  } finally {
    await database.end();
  }
}

/** Which process has the account, by its place in the list, and under which epoch; -1: none of them. */
async function ownerOf(name: string): Promise<{ readonly at: number; readonly account: number; readonly epoch: number }> {
  const [row] = await asked<{ url: string; account: number; epoch: string }>('select p.url, o.account, o.epoch from account a join ownership o using (account) join process p on p.process = o.process where a.name = $1', [name]);
  return { at: it.members.findIndex(({ url }) => url === row?.url), account: row?.account ?? 0, epoch: Number(row?.epoch ?? 0) };
}

/** Ticks that are written under an epoch of an account. */
async function ticksOf(account: number, epoch: number): Promise<number> {
  const [row] = await asked<{ ticks: string }>('select count(*) as ticks from journal where account = $1 and epoch = $2', [account, epoch]);
  return Number(row?.ticks);
}

async function isReady({ url }: Member): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).then(({ status }) => status === 200, () => false);
}

test('a process that is cut off from the database loses its accounts to another, writes nothing of them any more, and works again afterwards', { timeout: 500_000 }, async () => {
  const { at, account, epoch } = await ownerOf('linarite');
  const [cutOff, other] = [it.members[at], it.members[1 - at]];
  const [ofCutOff, ofOther, way] = [clients[at], clients[1 - at], ways[at]];
  if (cutOff === undefined || other === undefined || ofCutOff === undefined || ofOther === undefined || way === undefined) throw new Error('two processes');
  const held = (name: string): string => `/bin/sh -c 'echo ${name} >> ${marks}/${name}; until [ -e ${marks}/end-${name} ]; do sleep 0.1; done'`;
  const stateOf = async (task: string): Promise<string> => ((await ofOther.call('GET', `/jobs/held/tasks/${task}`)) as { readonly state: string }).state;
  const reaches = (task: string, state: string): Promise<true> => until(`${task} is ${state}`, 120_000, async () => ((await stateOf(task)) === state ? true : undefined), 200);
  await ofOther.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: 4 });
  await ofOther.call('POST', '/jobs', { id: 'held', poolInfo: { poolId: 'p' } });
  for (const id of ['long', 'short']) await ofOther.call('POST', '/jobs/held/tasks', { id, commandLine: held(id) });
  for (const id of ['long', 'short']) await reaches(id, 'running');

  way.cut('both');
  // Its end is told to the process that is cut off, whose commit of it is on its way until the cut is over.
  writeFileSync(join(marks, 'end-short'), '');
  await until('the account has moved', 120_000, async () => ((await ownerOf('linarite')).at === 1 - at ? true : undefined), 250);
  const taken = await ownerOf('linarite');
  expect(taken.epoch).toBeGreaterThan(epoch);
  await reaches('short', 'completed');
  await ofOther.call('POST', '/jobs/held/tasks', { id: 'meanwhile', commandLine: `/bin/sh -c 'echo meanwhile >> ${marks}/meanwhile'` });
  await reaches('meanwhile', 'completed');
  await until('it does not say that it is ready', 60_000, async () => ((await isReady(cutOff)) ? undefined : true));
  const ticks = await ticksOf(account, epoch);

  way.cut('none');
  await until('it is ready again', 120_000, async () => ((await isReady(cutOff)) ? true : undefined), 250);
  await until('it has heard that the account is another one\'s', 120_000, async () => (readFileSync(join(cutOff.dataDir, 'logs/service.log'), 'utf8').includes('another process owns the account now') ? true : undefined), 250);
  expect(await ofCutOff.call('GET', '/jobs/held/tasks/short')).toMatchObject({ state: 'completed', executionInfo: { exitCode: 0, retryCount: 0, requeueCount: 0 } });
  await ofCutOff.call('POST', '/jobs/held/tasks', { id: 'afterwards', commandLine: `/bin/sh -c 'echo afterwards >> ${marks}/afterwards'` });
  await reaches('afterwards', 'completed');
  writeFileSync(join(marks, 'end-long'), '');
  await reaches('long', 'completed');
  expect(await ofOther.call('GET', '/jobs/held/tasks/long')).toMatchObject({ executionInfo: { exitCode: 0, retryCount: 0, requeueCount: 0 } });
  for (const id of ['long', 'short', 'meanwhile', 'afterwards']) expect(readFileSync(join(marks, id), 'utf8')).toBe(`${id}\n`);

  // It has the fewest.
  await makeAccount(await asOperatorOf(it), other, 'second');
  await until('it has the next account', 120_000, async () => ((await ownerOf('second')).at === at ? true : undefined), 250);
  expect(await ticksOf(account, epoch)).toBe(ticks);
  expect(await ownerOf('linarite')).toEqual(taken);
});
