import { mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OTHER_MAJORS, nodeDirectory } from '../../scripts/node-versions.mjs';
import { linarite, mustRun, type LinariteEnv } from '../support/linarite.ts';
import { decodePng } from '../cli/demo/decodePng.ts';

const CHECKOUT = resolve(import.meta.dirname, '../..');

/** A client as a user writes it: who runs it, and the jobs that it sees. */
const CLIENT = `
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key, AZURE_BATCH_ENDPOINT: url } = process.env;
const jobs = await new BatchServiceClient(new BatchSharedKeyCredentials(account, key), url).job.list();
console.log(JSON.stringify({ node: process.versions.node, jobs: jobs.map(({ id }) => id) }));
`;

/**
 * The oldest supported line runs everything here; that the others do is seen by one job from start to end, and by the
 * whole suite with `./check --all`.
 */
describe.each(OTHER_MAJORS)('Node.js %i', (major) => {
  test(`starts a service, renders the demo and runs a client (needs Node.js ${major} of the npm registry)`, { timeout: 400_000 }, async (context) => {
    const directory = await nodeDirectory(major).catch(() => undefined);
    if (directory === undefined) return context.skip();
    const parent = mkdtempSync(join(tmpdir(), `linarite-node-${major}-`));
    const dataDir = join(parent, 'data');
    const env: NodeJS.ProcessEnv = { PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    const out = join(parent, 'picture.png');
    try {
      await linarite(['up', '--detach', '--data-dir', dataDir, '--port', '0'], { env });
      const connect = JSON.parse((await linarite(['env', '--format', 'json', '--data-dir', dataDir], { env })).stdout) as LinariteEnv;
      if (process.platform === 'linux') expect(readlinkSync(`/proc/${connect.LINARITE_PID}/exe`)).toBe(realpathSync(join(directory, 'node')));
      const demo = await linarite(['demo', '--width', '64', '--samples', '1', '--data-dir', dataDir, '--out', out, '--json'], { env, cwd: parent });
      const { job } = JSON.parse(demo.stdout) as { job: string };
      expect(decodePng(readFileSync(out)).width).toBe(64);
      const client = await mustRun('node', ['--input-type=module', '--eval', CLIENT], { cwd: CHECKOUT, env: { ...env, ...connect } });
      const told = JSON.parse(client.stdout) as { node: string; jobs: string[] };
      expect(told.node.split('.')[0]).toBe(String(major));
      expect(told.jobs).toEqual([job]);
    } finally {
      await linarite(['down', '--purge', '--data-dir', dataDir], { env });
      rmSync(parent, { recursive: true, force: true });
    }
  });
});
