// Tasks on low-priority nodes, a drill that takes such nodes back, and a table of what became of the work.
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { addPool, batch, fileOf, linkTo, main, resourceFiles, succeeded, until, withPlace } from '../azure.mjs';

/** Four of them are known to give primes. The longest comes first. */
const EXPONENTS = '44497,19937,20011,21701,23209';
const { values: { exponents, preemptions } } = parseArgs({ options: { exponents: { type: 'string', default: EXPONENTS }, preemptions: { type: 'string', default: '3' } } });
const tasks = exponents.split(',');
/** Of this machine only: on Azure nodes are taken back when somebody pays more. */
const hasDrills = process.env.LINARITE_PID !== undefined;

await main(() => withPlace('preemption', async ({ name, container }) => {
  const files = await resourceFiles(container, ['lucas_lehmer.py']);
  const checkpoints = await linkTo(container, 'rcw');
  await addPool(name, { targetDedicatedNodes: 0, targetLowPriorityNodes: 3, taskSlotsPerNode: 1 });
  await batch.job.add({ id: name, poolInfo: { poolId: name } });
  await batch.task.addCollection(name, tasks.map((exponent) => ({
    id: exponent,
    commandLine: `python3 lucas_lehmer.py ${exponent}`,
    resourceFiles: files,
    environmentSettings: [{ name: 'CHECKPOINTS', value: checkpoints }],
  })));
  if (hasDrills) await drill(name, Number(preemptions));
  const rows = [];
  for (const exponent of tasks) {
    const { executionInfo, nodeInfo } = await succeeded(name, exponent);
    rows.push({ ...JSON.parse(String(await fileOf(name, exponent, 'stdout.txt'))), requeued: executionInfo.requeueCount ?? 0, node: nodeInfo.nodeId });
  }
  show(rows);
}));

/** Once the first task is done, takes nodes back until so many had to begin again, or all is done. */
async function drill(pool, wanted) {
  await until('a task is completed', 10, async () => (await batch.task.list(pool)).some(({ state }) => state === 'completed') || undefined);
  await linarite('drill', 'preempt', '--pool', pool, '--rate', '15%/s', '--grace', '2s', '--seed', '1');
  await until('nodes are taken back', 10, async () => {
    const all = await batch.task.list(pool);
    const requeued = all.reduce((sum, { executionInfo }) => sum + (executionInfo?.requeueCount ?? 0), 0);
    return requeued >= wanted || all.every(({ state }) => state === 'completed') || undefined;
  });
  await linarite('drill', 'stop');
}

function linarite(...words) {
  return promisify(execFile)('../../linarite', words);
}

function show(rows) {
  console.log('exponent  2^P - 1     runs  iterations  went on at');
  for (const { exponent, prime, runs, iterations, resumed_at: resumedAt } of rows) {
    console.log(`${String(exponent).padStart(8)}  ${prime ? 'is prime' : 'is not  '} ${String(runs).padStart(7)} ${String(iterations).padStart(11)} ${String(runs > 1 ? resumedAt : '–').padStart(11)}`);
  }
  const again = rows.reduce((sum, { requeued }) => sum + requeued, 0);
  const saved = rows.reduce((sum, { resumed_at: resumedAt }) => sum + resumedAt, 0);
  const all = rows.reduce((sum, { iterations }) => sum + iterations, 0);
  console.log(`${again} times a node was taken back under a task; the last runs went on from checkpoints: ${((100 * saved) / all).toFixed(0)} % of all iterations were not done again`);
}
