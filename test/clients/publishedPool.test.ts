import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_LINE, publishedPool } from '../api/management/publishedPool.ts';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

describe('a pool as it is published for Azure, on real nodes', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  /** Id of the pool. */
  let published: string;
  /** Asks Resource Manager, over TLS, with a token of the directory. `path`: whole. */
  let manage: (method: string, path: string, body?: object) => Promise<{ readonly status: number; readonly json: unknown }>;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    const { stdout } = await linarite(['env', '--identity', '--format', 'json', '--data-dir', instance.dataDir]);
    const { IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>;
    const asked = await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://management.azure.com/`, { headers: { 'x-identity-header': IDENTITY_HEADER } });
    const { access_token: token } = (await asked.json()) as { readonly access_token: string };
    const ca = await readFile(env.LINARITE_CA_FILE);
    manage = (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
        const sent = request(`${env.LINARITE_MANAGEMENT_ENDPOINT}${path}?api-version=2025-06-01`, { method, ca, headers }, (answer) => {
          text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, json: JSON.parse(said === '' ? '{}' : said) as unknown }), reject);
        });
        sent.once('error', reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      });
    const { json } = await manage('GET', '/subscriptions');
    const [subscription] = (json as { readonly value: readonly { readonly id: string }[] }).value;
    published = `${subscription?.id}/resourceGroups/linarite/providers/Microsoft.Batch/batchAccounts/${env.AZURE_BATCH_ACCOUNT}/pools/published`;
  });
  afterAll(() => instance.purge());

  test('its formula is evaluated, and its start task runs byte for byte', async () => {
    const made = await manage('PUT', published, publishedPool);
    expect([made.status, made.json]).toMatchObject([200, { properties: { startTask: { commandLine: COMMAND_LINE } }, identity: publishedPool.identity }]);
    const run = await until('the formula is evaluated', 60_000, async () => (await client.pool.get('published')).autoScaleRun);
    expect([run.results, run.error]).toEqual([expect.stringContaining('$TargetDedicatedNodes=0'), undefined]);
    await until('it is steady', 60_000, async () => ((await client.pool.get('published')).allocationState === 'steady' ? true : undefined));
    const sized = await manage('PATCH', published, { properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } } });
    expect(sized.status).toBe(200);
    const node = await until('its node is idle', 60_000, async () => (await client.computeNode.list('published')).find(({ state }) => state === 'idle'));
    expect(node.startTask?.commandLine).toBe(COMMAND_LINE);
    const answer = await client.file.getFromComputeNode('published', node.id ?? '', 'startup/steps');
    const onNode = await text(answer.readableStreamBody as NodeJS.ReadableStream);
    expect(onNode).toBe(await stepsHere());
  }, 150_000);
});

/** What the same command line writes when a shell of this machine runs it. */
async function stepsHere(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'linarite-published-'));
  try {
    await promisify(execFile)('/bin/sh', ['-c', COMMAND_LINE], { env: { ...process.env, AZ_BATCH_NODE_STARTUP_DIR: directory } });
    return await readFile(join(directory, 'steps'), 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
