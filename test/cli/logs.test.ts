import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const WITHIN_MS = 60_000;

type Line = Readonly<Record<string, unknown>>;

let instance: Instance;
let batch: BatchServiceClient;
beforeAll(async () => {
  instance = await startLinarite(['--log-level', 'debug']);
  const env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
});
afterAll(() => instance.purge());

async function logs(...flags: string[]): Promise<string[]> {
  return (await linarite(['logs', '--data-dir', instance.dataDir, ...flags])).stdout.split('\n').slice(0, -1);
}
async function records(...flags: string[]): Promise<Line[]> {
  return (await logs('--json', ...flags)).map((line) => JSON.parse(line) as Line);
}
function blobWarnings(): number {
  return readFileSync(join(instance.dataDir, 'logs', 'blobs.log'), 'utf8').split('(sequelize) Warning').length - 1;
}
/** On a busy machine a request or a tick is slow, and told of at any moment. */
function isNotSlow(line: string): boolean {
  return !/ warn {2}slow /.test(line);
}
function isGone(error: unknown): true | undefined {
  return ((error as { statusCode?: number }).statusCode === 404 ? true : undefined);
}

/** `linarite logs -f` that is read line by line. */
function follow(...flags: string[]): { readonly lines: string[]; heard(text: string): Promise<void>; interrupt(): Promise<unknown>; turnAway(then: () => void): Promise<unknown> } {
  const child = spawn(LAUNCHER, ['logs', '-f', '--data-dir', instance.dataDir, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => void lines.push(line));
  return {
    lines,
    heard: async (text) => {
      while (!lines.some((line) => line.includes(text))) await once(reader, 'line', { signal: AbortSignal.timeout(WITHIN_MS) });
    },
    interrupt: async () => {
      child.kill('SIGINT');
      return (await once(child, 'close'))[0];
    },
    /** Reads no more; what ends it is the next line. */
    turnAway: async (then) => {
      child.stdout.destroy();
      then();
      return (await once(child, 'close'))[0];
    },
  };
}

describe('the log of a service', () => {
  test('tells the life of a pool, its node, a job and its tasks, a line each, and who asked what', async () => {
    const following = follow();
    await following.heard('info  ready endpoint=');
    await batch.pool.add({ id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, startTask: { commandLine: '/bin/true', waitForSuccess: true } });
    await batch.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
    await batch.task.addCollection('j', [
      { id: 'good', commandLine: '/bin/true' },
      { id: 'bad', commandLine: '/bin/sh -c "exit 3"' },
    ]);
    await until('both tasks end', WITHIN_MS, async () => ((await batch.task.list('j')).every(({ state }) => state === 'completed') ? true : undefined));
    await batch.job.terminate('j');
    await batch.job.deleteMethod('j');
    await batch.pool.deleteMethod('p');
    await until('the pool is gone', WITHIN_MS, async () => batch.pool.get('p').then(() => undefined, isGone));
    await following.heard('pool deleted');
    expect(await following.interrupt()).toBe(130);

    const all = await records('--lines', '100000');
    const story = all.filter(({ poolId, nodeId, jobId }) => poolId !== undefined || nodeId !== undefined || jobId !== undefined);
    const of = (name: string): string[] => story.filter((line) => line[name] !== undefined && line['taskId'] === undefined).map(({ level, msg }) => `${String(level)} ${String(msg)}`);
    const nodeId = story.find((line) => line['nodeId'] !== undefined)?.['nodeId'];
    // That of its beginning is left out where its end is there as soon.
    expect(of('nodeId').filter((line) => line !== 'info start task running')).toEqual(['node creating', 'node starting', 'start task succeeded', 'node ready', 'node leaving', 'node gone'].map((msg) => `info ${msg}`));
    expect(of('jobId')).toEqual(['job active', 'job completed', 'job deleted'].map((msg) => `info ${msg}`));
    expect(story.filter((line) => line['pool'] !== undefined).map(({ msg }) => msg)).toEqual(['pool made', 'pool steady', 'pool deleting', 'pool deleted']);
    expect(story.find(({ msg }) => msg === 'job completed')).toMatchObject({ jobId: 'j', reason: 'UserTerminate', succeeded: 1, failed: 1 });
    for (const [taskId, result, exitCode] of [['good', 'success', 0], ['bad', 'failure', 3]] as const) {
      const lines = story.filter((line) => line['taskId'] === taskId);
      expect(lines.map(({ level, msg }) => `${String(level)} ${String(msg)}`).filter((line) => line !== 'debug task started')).toEqual(['debug task offered', 'debug task completed']);
      expect(lines.at(-1)).toMatchObject({ jobId: 'j', nodeId, result, exitCode });
    }
    expect(all).toContainEqual(expect.objectContaining({ level: 'debug', msg: 'request answered', method: 'POST', path: '/pools', status: 201, requestId: expect.any(String) }));
    // On a busy machine a request or a tick is slow.
    expect(all.filter(({ level, msg }) => (level === 'error' || level === 'warn') && !String(msg).startsWith('slow '))).toEqual([]);

    // The same lines, for people, as they came.
    expect(following.lines.filter((line) => / info {2}(pool|job|node|start task) /.test(line)).map((line) => line.replace(/^\S+ info {2}/, ''))).toEqual(
      (await logs('--level', 'info')).filter((line) => / info {2}(pool|job|node|start task) /.test(line)).map((line) => line.replace(/^\S+ info {2}/, '')),
    );
    expect(following.lines.find((line) => line.includes('pool deleted'))).toMatch(/^20\S+Z info {2}pool deleted poolId=p pool=\d+$/);
  });

  test('goes on over a restart at another level, whoever reads has enough at any time, and what is none of ours stays as it is', async () => {
    const log = join(instance.dataDir, 'logs', 'service.log');
    const [following, other] = [follow('--lines', '1', '--level', 'info'), follow('--lines', '1', '--level', 'info')];
    await Promise.all([following.heard('pool deleted'), other.heard('pool deleted')]);
    const warnings = blobWarnings();
    expect(warnings).toBeGreaterThan(0);
    await linarite(['restart', '--data-dir', instance.dataDir, '--log-level', 'warn']);
    expect(await other.turnAway(() => appendFileSync(log, 'LOG:  of somebody else\n{"torn\n'))).toBe(0);
    await following.heard('{"torn');
    expect(await following.interrupt()).toBe(130);
    expect(following.lines.some((line) => line.includes('stopping agents=leave'))).toBe(true);
    expect(following.lines.filter(isNotSlow).slice(-2)).toEqual(['LOG:  of somebody else', '{"torn']);
    expect((await logs('--level', 'error')).slice(-2)).toEqual(['LOG:  of somebody else', '{"torn']);
    expect((await run('/bin/sh', ['-c', `"$0" logs --json --data-dir "$1" | head -n 1`, LAUNCHER, instance.dataDir])).stdout.split('\n')).toHaveLength(2);

    await batch.pool.add({ id: 'quiet', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 0 });
    const refused = await run(LAUNCHER, ['up', '--detach', '--data-dir', instance.dataDir, '--log-level', 'info']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('already runs, with --log-level warn')]);
    await linarite(['down', '--data-dir', instance.dataDir]);
    expect((await logs('--lines', '1000')).filter(isNotSlow).at(-1)).toBe('{"torn');
    // Its libraries warn of the columns of its tables at level debug, and of nothing at any other.
    expect(blobWarnings()).toBe(warnings);
  });
});
