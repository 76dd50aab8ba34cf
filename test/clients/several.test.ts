import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAsk } from '../../src/api/peers/signature.ts';
import { peerSecret } from '../../src/cli/service/several/clusterKey.ts';
import { freePort, LAUNCHER, run, until } from '../support/linarite.ts';
import { asOperatorOf, CLUSTER_KEY, keyFile, makeAccount, type Member, operatorToken, type Several, startSeveral } from '../support/several.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

const TASKS = process.env['LINARITE_CHECK_ALL'] !== undefined ? 2_000 : 200;

let it: Several;
let key: string;
let clients: readonly SmallClient[];
let marks: string;

beforeAll(async () => {
  it = await startSeveral(3);
  const environments = await Promise.all(it.members.map((member) => member.env()));
  key = environments[0]?.AZURE_BATCH_ACCESS_KEY ?? '';
  clients = environments.map((env) => smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY));
  marks = join(it.parent, 'marks');
  await mkdir(marks);
  await chmod(marks, 0o777);
}, 240_000);
afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await it?.purge();
}, 120_000);

/** The process of that place in the list, in turn. */
function client(index: number): SmallClient {
  const found = clients[index % clients.length];
  if (found === undefined) throw new Error('no client');
  return found;
}

/** By the database: which process has the account, told by its place in the list; undefined: none that lives. */
async function ownerOf(name: string): Promise<number | undefined> {
  const database = new Client({ connectionString: it.databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ url: string }>(`select p.url from account a join ownership o using (account) join process p on p.process = o.process where a.name = $1`, [name]);
    const at = it.members.findIndex(({ url }) => url === rows[0]?.url);
    return at === -1 ? undefined : at;
  } finally {
    await database.end();
  }
}

async function completed(job: string, count: number, ask = client(0)): Promise<true | undefined> {
  const { taskCounts } = (await ask.call('GET', `/jobs/${job}/taskcounts`)) as { readonly taskCounts: { readonly completed: number } };
  return taskCounts.completed === count ? true : undefined;
}

/** Of itself it tries again after half a minute what a process that is killed has not answered; here at once. */
function sdk(endpoint: string): BatchServiceClient {
  return new BatchServiceClient(new BatchSharedKeyCredentials('linarite', key), endpoint, {
    requestPolicyFactories: (factories) =>
      factories.map((factory) => ({
        create: (next, options) => {
          const policy = factory.create(next, options);
          return 'retryInterval' in policy ? Object.assign(policy, { retryCount: 60, retryInterval: 500, minRetryInterval: 500, maxRetryInterval: 1_000 }) : policy;
        },
      })),
  });
}

describe('three processes on one database', () => {
  test('answer alike, whichever is asked: pools, jobs, tasks, files on nodes, reasons', async () => {
    await client(0).call('POST', '/pools', { id: 'shared', ...LINUX, targetDedicatedNodes: 2, taskSlotsPerNode: 8 });
    await client(1).call('POST', '/jobs', { id: 'anywhere', poolInfo: { poolId: 'shared' } });
    for (const index of clients.keys()) await client(index).call('POST', '/jobs/anywhere/tasks', { id: `t${index}`, commandLine: `/bin/sh -c 'echo task ${index}'` });
    await until('the tasks end', 60_000, () => completed('anywhere', clients.length, client(2)), 200);
    for (const index of clients.keys()) {
      for (const other of clients.keys()) expect(await client(index).text('GET', `/jobs/anywhere/tasks/t${other}/files/stdout.txt`)).toBe(`task ${other}\n`);
      expect(await client(index).call('GET', '/linarite/explain/jobs/anywhere')).toMatchObject({ sentence: 'No task of job anywhere waits.' });
      expect(await client(index).call('GET', '/linarite/explain/pools/shared')).toHaveProperty('reasons');
    }
  }, 120_000);

  test('let the owner act before they answer, also where it is in another process', async () => {
    const waits: number[][] = clients.map(() => []);
    // Without word from the owner each would be a second; with it one may be on a busy machine.
    const slow = (): readonly number[] => waits.map((each) => Math.min(...each)).filter((ms) => ms >= 900);
    for (let round = 0; round < 20 && slow().length > 0; round++) {
      for (const index of clients.keys()) {
        const begun = performance.now();
        await client(index).call('POST', '/jobs/anywhere/disable', { disableTasks: 'requeue' });
        waits[index]?.push(performance.now() - begun);
        await until('the job is disabled', 60_000, async () => ((await client(index + 1).call('GET', '/jobs/anywhere')) as { readonly state: string }).state === 'disabled' || undefined);
        await client(index + 2).call('POST', '/jobs/anywhere/enable');
      }
    }
    expect(slow()).toEqual([]);
  });

  test('tell a page what the owner commits in another process, as it happens', async () => {
    const owner = (await ownerOf('linarite')) ?? 0;
    const other = it.members[(owner + 1) % it.members.length];
    if (other === undefined) throw new Error('no other process');
    const ending = new AbortController();
    const answer = await fetch(`${other.url}/linarite/events?form=page&view=job:anywhere&tasks=1-200`, { headers: { authorization: `Bearer ${await operatorToken(it.members, 'https://batch.core.windows.net/')}` }, signal: ending.signal });
    expect(answer.status).toBe(200);
    const reader = answer.body?.getReader();
    if (reader === undefined) throw new Error('no stream');
    let text = '';
    let isChanged = false;
    // Otherwise it would hear nothing at all.
    while (!text.includes('"t":"')) {
      const { value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      if (!isChanged && text.includes('retry')) {
        isChanged = true;
        await client(owner).call('POST', '/jobs/anywhere/tasks', { id: 'seen', commandLine: '/bin/true' });
      }
    }
    ending.abort();
  });

  test('know accounts, and keys of them, as soon as another one has made them; have them evenly; and forget them', async () => {
    const ask = await asOperatorOf(it);
    const at = (index: number): Member => {
      const member = it.members[index % it.members.length];
      if (member === undefined) throw new Error('no process');
      return member;
    };
    const names = ['second', 'third', 'fourth', 'fifth', 'sixth'];
    for (const [index, name] of names.entries()) {
      const primary = await makeAccount(ask, at(index), name);
      await smallClient(at(index + 1).url, name, primary).call('GET', '/pools');
      const { primary: next } = await ask(at(index + 2), 'POST', `${name}/regenerateKeys`, { keyName: 'Primary' });
      await smallClient(at(index).url, name, String(next)).call('GET', '/pools');
    }
    // One that was slow to say that it lives has lost its own: they come back to it one by one.
    const shares = async (): Promise<readonly number[]> => {
      const owners = await Promise.all(['linarite', ...names].map(ownerOf));
      return [0, 1, 2].map((member) => owners.filter((owner) => owner === member).length);
    };
    await expect.poll(shares, { timeout: 60_000, interval: 500 }).toEqual([2, 2, 2]);
    await ask(at(1), 'DELETE', 'sixth');
    await until('the account is gone everywhere', 60_000, async () => {
      const answers = await Promise.all([0, 1, 2].map((index) => ask(at(index), 'GET', 'sixth').then(() => false, (error: Error) => error.message.includes('404'))));
      return answers.every(Boolean) || undefined;
    });
  }, 120_000);

  test('take from each other only what is signed with the cluster key, now and once', async () => {
    const url = it.members[1]?.url ?? '';
    const path = '/linarite/internal/look';
    const ask = async (headers: Record<string, string>): Promise<number> => (await fetch(`${url}${path}`, { method: 'POST', body: '{}', headers })).status;
    const signed = (at: number, secret = CLUSTER_KEY): Record<string, string> => ({ 'linarite-peer': signAsk(peerSecret(secret), { method: 'POST', path, body: '{}' }, at) });
    expect(await ask({})).toBe(401);
    expect(await ask(signed(Date.now() - 60_000))).toBe(401);
    expect(await ask(signed(Date.now(), 'another cluster key, which is as long as it'))).toBe(401);
    const good = signed(Date.now());
    expect(await ask(good)).toBe(200);
    expect(await ask(good)).toBe(401);
  });
});

describe('a process that is not to be one of them', () => {
  const refusalOf = async (flags: readonly string[], env: NodeJS.ProcessEnv): Promise<string> => {
    const { code, stderr } = await run(LAUNCHER, ['up', '--detach', '--port', String(await freePort()), '--data-dir', join(it.parent, 'stranger'), ...flags], { env: { ...it.environment, ...env }, timeoutMs: 60_000 });
    expect(code).not.toBe(0);
    return stderr;
  };

  test('is refused by name: with another cluster key, without a storage account, without a database', async () => {
    expect(await refusalOf(['--cluster-key-file', keyFile(it.parent, 'a wrong key, but long enough to be one')], {})).toContain('the cluster key is not that of the database at');
    expect(await refusalOf([], { LINARITE_STORAGE_CONNECTION_STRING: '' })).toContain('LINARITE_STORAGE_CONNECTION_STRING');
    expect(await refusalOf([], { LINARITE_DATABASE_URL: '' })).toContain('LINARITE_DATABASE_URL');
    expect(await refusalOf([], { LINARITE_CLUSTER_KEY: 'short' })).toContain('32 or more');
  }, 120_000);
});

describe('while tasks run and clients submit', () => {
  /** Clients of the SDK, through a balancer that knows nothing of sessions. Resolves with what failed. */
  async function submit(job: string, from: number, count: number): Promise<readonly string[]> {
    const failed: string[] = [];
    const batch = sdk(it.balancer);
    await Promise.all(
      Array.from({ length: 4 }, async (_, worker) => {
        for (let number = from + worker; number < from + count; number += 4) {
          const add = (): Promise<unknown> => batch.task.add(job, { id: `t${number}`, commandLine: `/bin/sh -c 'echo ${number} >> ${marks}/${job}-${number}; sleep 0.2'` });
          // A connection that a killed process had is made again, as clients do; they keep several.
          const again = (error: { readonly code?: string }): Promise<unknown> => {
            if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return add();
            throw error;
          };
          await add().catch(again).catch(again).catch(again).catch((error: { readonly code?: string; readonly message: string }) => {
            // An answer that was lost is asked for again: the task is there.
            if (error.code !== 'TaskExists') failed.push(`t${number}: ${error.code} ${error.message}`);
          });
        }
      }),
    );
    return failed;
  }

  async function expectOnce(job: string, count: number): Promise<void> {
    await until('all tasks are completed', 240_000, () => completed(job, count, client(0)).catch(() => undefined), 1_000);
    const failed = (await client(1).call('GET', `/jobs/${job}/tasks?$filter=executionInfo/result eq 'failure'&$select=id,executionInfo`)) as { readonly value: readonly unknown[] };
    expect(failed.value).toEqual([]);
    const lines = await Promise.all(Array.from({ length: count }, (_, index) => readFile(join(marks, `${job}-${index}`), 'utf8').catch(() => 'never ran')));
    expect(lines.flatMap((line, index) => (line === `${index}\n` ? [] : [`t${index}: ${line}`]))).toEqual([]);
  }

  test('each process is restarted in turn, and no request of a client fails, no task runs twice', async () => {
    await client(0).call('POST', '/jobs', { id: 'rolling', poolInfo: { poolId: 'shared' } });
    const rolls = new Set(it.members);
    const rolling = (async () => {
      for (const member of it.members) {
        await member.restart();
        rolls.delete(member);
      }
    })();
    let added = 0;
    while (rolls.size > 0) {
      expect(await submit('rolling', added, 40)).toEqual([]);
      added += 40;
      const listed = await sdk(it.balancer).job.getTaskCounts('rolling');
      expect(listed.taskCounts.active + listed.taskCounts.running + listed.taskCounts.completed).toBe(added);
    }
    await rolling;
    await expectOnce('rolling', added);
  }, 600_000);

  test(`each process is killed in turn, the account moves within twenty seconds, and ${TASKS} tasks run exactly once`, async () => {
    await client(0).call('POST', '/jobs', { id: 'killed', poolInfo: { poolId: 'shared' } });
    const moved: number[] = [];
    const share = Math.ceil(TASKS / it.members.length);
    for (const turn of it.members.keys()) {
      // The owner is always among those that die.
      const owner = (await until('somebody has the account', 60_000, () => ownerOf('linarite'))) ?? 0;
      const submitting = submit('killed', turn * share, Math.min(share, TASKS - turn * share));
      await client(owner + 1).call('GET', '/jobs/killed');
      await it.members[owner]?.kill();
      const killedAt = performance.now();
      await until('the account has moved', 60_000, async () => {
        const now = await ownerOf('linarite');
        return now !== undefined && now !== owner ? true : undefined;
      });
      moved.push(performance.now() - killedAt);
      expect(await submitting).toEqual([]);
      await it.members[owner]?.up();
    }
    // Less than ten where the machine has nothing else to do.
    expect(moved.filter((ms) => ms > 20_000)).toEqual([]);
    await expectOnce('killed', TASKS);
  }, 900_000);
});

describe('the last test of all', () => {
  test('accounts go to others at once when their process goes down, with their tasks', async () => {
    const owner = (await ownerOf('linarite')) ?? 0;
    await client(owner + 1).call('POST', '/jobs', { id: 'left', poolInfo: { poolId: 'shared' } });
    await client(owner + 1).call('POST', '/jobs/left/tasks', { id: 'long', commandLine: `/bin/sh -c 'echo begun >> ${marks}/left; sleep 8; echo ended >> ${marks}/left'` });
    await until('the task runs', 60_000, async () => ((await client(owner + 1).call('GET', '/jobs/left/tasks/long')) as { readonly state: string }).state === 'running' || undefined);
    await it.members[owner]?.down();
    await client(owner + 1).call('PATCH', '/jobs/left', { priority: 1 });
    await until('the task ends', 60_000, () => completed('left', 1, client(owner + 1)), 200);
    expect(await readFile(join(marks, 'left'), 'utf8')).toBe('begun\nended\n');
    expect(await client(owner + 1).call('GET', '/jobs/left/tasks/long')).toMatchObject({ executionInfo: { exitCode: 0, requeueCount: 0 } });
  }, 120_000);
});
