// Submits one task, the manager, and fetches what it has found. All other tasks are the manager's own doing.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { addPool, batch, fileOf, fromCaller, main, resourceFiles, succeeded, withPlace } from '../azure.mjs';

const { values: { error, out } } = parseArgs({ options: { error: { type: 'string', default: '0.002' }, out: { type: 'string', default: 'squares.png' } } });

await main(() => withPlace('job-manager', async ({ name, container }) => {
  const [sample, ...manager] = await resourceFiles(container, ['sample.py', 'manager.py', 'batch.py', 'picture.py']);
  await addPool(name, { targetDedicatedNodes: 2, taskSlotsPerNode: 2 });
  await batch.job.add({
    id: name,
    poolInfo: { poolId: name },
    // The program of the manager's tasks: once for each node, not once for each task.
    jobPreparationTask: { commandLine: 'true', resourceFiles: [sample] },
    jobManagerTask: {
      id: 'manager',
      commandLine: `python3 manager.py --error ${error}`,
      resourceFiles: manager,
      // A token for this job, in the environment of the manager: it has no key, and can do nothing elsewhere.
      authenticationTokenSettings: { access: ['job'] },
      // It waits nearly all the time: others may run beside it. The job ends with it.
      runExclusive: false,
      killJobOnCompletion: true,
    },
  });
  await succeeded(name, 'manager');
  process.stdout.write(await fileOf(name, 'manager', 'stdout.txt'));
  writeFileSync(fromCaller(out), await fileOf(name, 'manager', 'wd/squares.png'));
  console.log(`the squares: ${out}`);
}));
