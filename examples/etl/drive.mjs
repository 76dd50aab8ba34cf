// A job schedule, files that come in day by day, and the check that what was loaded bit by bit is what all files say.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { addPool, batch, fileOf, fromCaller, linkTo, main, resourceFiles, until, withPlace } from '../azure.mjs';
import { filesOf, revenueOf } from './sales.mjs';

const { values: { days, to, parquet } } = parseArgs({ options: { days: { type: 'string', default: '7' }, to: { type: 'string', default: 'etl-output' }, parquet: { type: 'boolean', default: false } } });
/** The shortest one that Batch has, for where time passes by itself. */
const SHORTEST_INTERVAL = 'PT1M';
/** On Azure a node has no pip; nodes of a service of this machine have what the machine has. */
const isAzure = process.env.LINARITE_PID === undefined;
const PIP = isAzure ? 'apt-get update && apt-get install -y python3-pip && ' : '';
const DUCKDB = {
  commandLine: `/bin/sh -c '${PIP}pip3 install --no-cache-dir --target "$AZ_BATCH_NODE_SHARED_DIR/python" duckdb'`,
  waitForSuccess: true,
  ...(isAzure ? { userIdentity: { autoUser: { elevationLevel: 'admin', scope: 'pool' } } } : {}),
};
const LOAD = 'python3 etl.py';
const LOAD_PARQUET = `/bin/sh -c 'TABLES=parquet_table PYTHONPATH="$AZ_BATCH_NODE_SHARED_DIR/python" ${LOAD}'`;

await main(() => withPlace('etl', async ({ name, container }) => {
  const canSetClock = await hasVirtualClock();
  const programs = await resourceFiles(container, ['etl.py', 'blobs.py', 'csv_table.py', 'parquet_table.py']);
  await addPool(name, { targetDedicatedNodes: 1, ...(parquet ? { startTask: DUCKDB } : {}) });
  const uploaded = [];
  const upload = async (day) => {
    for (const { path, text } of filesOf(day)) {
      await container.getBlockBlobClient(path).uploadData(Buffer.from(text));
      uploaded.push(text);
    }
  };
  await upload(0);
  await batch.jobSchedule.add({
    id: name,
    schedule: { recurrenceInterval: canSetClock ? 'P1D' : SHORTEST_INTERVAL },
    jobSpecification: {
      poolInfo: { poolId: name },
      jobManagerTask: {
        id: 'load',
        commandLine: parquet ? LOAD_PARQUET : LOAD,
        resourceFiles: programs,
        environmentSettings: [{ name: 'LAKE', value: await linkTo(container, 'rwl') }],
        // It may run again: what it did then is there already.
        constraints: { maxTaskRetryCount: 2 },
      },
    },
  });
  console.log('run  at                files   rows  days written');
  for (let day = 0; day < Number(days); day++) {
    if (day > 0) {
      await upload(day);
      if (canSetClock) await linarite('clock', 'advance', '1d');
    }
    const job = await jobOf(name, day);
    const { files, rows, days: written } = JSON.parse(String(await fileOf(job.id, 'load', 'stdout.txt')));
    console.log(`${String(day + 1).padStart(3)}  ${job.creationTime.toISOString().slice(0, 16)} ${String(files).padStart(6)} ${String(rows).padStart(6)}  ${written.join(' ') || '–'}`);
  }
  await batch.jobSchedule.disable(name);
  const loaded = String(await container.getBlobClient('marts/revenue.csv').downloadToBuffer());
  mkdirSync(fromCaller(to), { recursive: true });
  writeFileSync(join(fromCaller(to), 'revenue.csv'), loaded);
  console.log(`\n${loaded.replaceAll(/[^,\n]+/g, (cell) => cell.padStart(10)).replaceAll(',', '  ')}`);
  const kept = [];
  for await (const blob of container.listBlobsFlat({ prefix: 'curated/' })) kept.push(blob);
  const bytes = kept.reduce((sum, { properties }) => sum + properties.contentLength, 0);
  console.log(`${kept.length} days, ${Math.round(bytes / 1_000)} kB as ${[...new Set(kept.map((blob) => extname(blob.name).slice(1)))].join(' and ')}`);
  if (loaded !== revenueOf(uploaded)) throw new Error('what was loaded bit by bit is not what all files say');
  console.log(`the same as from all ${uploaded.length} files at once: ${join(to, 'revenue.csv')}`);
}));

/** The schedule's job of that day, when it is over. */
async function jobOf(schedule, day) {
  const job = await until(`job ${day + 1} of the schedule is completed`, 10, async () => {
    const jobs = (await batch.job.listFromJobSchedule(schedule)).toSorted((one, other) => one.creationTime - other.creationTime);
    return jobs[day]?.state === 'completed' ? jobs[day] : undefined;
  });
  const { executionInfo } = await batch.task.get(job.id, 'load');
  if (executionInfo?.result !== 'success') throw new Error(`the load of ${job.id} failed\n${await fileOf(job.id, 'load', 'stderr.txt')}`);
  return job;
}

async function hasVirtualClock() {
  if (process.env.LINARITE_PID === undefined) return false;
  return JSON.parse((await linarite('clock', '--json')).stdout).kind === 'virtual';
}

function linarite(...words) {
  return promisify(execFile)('../../linarite', words);
}
