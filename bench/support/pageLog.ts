import { startLinarite } from '../../test/support/linarite.ts';
import { openPage } from './browser.ts';
import { LINUX, pollUntil, rounded, smallClient } from './pool.ts';

const LONGEST_MS = 10 * 60_000;
/** Bytes of a megabyte that lie before its middle. */
const MIDDLE = 500_000;
const LINE = 'a line of a log that is as long as lines of logs are';

/** A log of so many megabytes, written by a real task: at its end, in its middle, searched. */
export async function measureLog(megabytes: number): Promise<Record<string, number>> {
  const instance = await startLinarite();
  try {
    const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = await instance.env();
    const client = smallClient(endpoint, account, key);
    await client.call('POST', '/pools', { id: 'log', ...LINUX, vmSize: 'Standard_D2s_v3', targetDedicatedNodes: 1 });
    await client.call('POST', '/jobs', { id: 'log', poolInfo: { poolId: 'log' } });
    await client.call('POST', '/jobs/log/tasks', { id: 'long', commandLine: `/bin/sh -c "yes '${LINE}' | head -c ${megabytes}000000; echo; echo the end of it"` });
    await pollUntil(async () => ((await client.call('GET', '/jobs/log/tasks/long')) as { state: string }).state === 'completed', 200, LONGEST_MS);
    client.close();
    return await measure(await openPage({ dataDir: instance.dataDir, endpoint }), megabytes);
  } finally {
    await instance.purge();
  }
}

async function measure(open: Awaited<ReturnType<typeof openPage>>, megabytes: number): Promise<Record<string, number>> {
  const { page, goTo, heapMb, close } = open;
  try {
    const timed = async (act: () => Promise<unknown>, text: string | RegExp): Promise<number> => {
      const begun = performance.now();
      await act();
      await page.getByText(text).first().waitFor({ timeout: LONGEST_MS });
      return performance.now() - begun;
    };
    const logEndMs = await timed(() => goTo('/jobs/log/tasks/long?tab=log&file=stdout.txt'), 'the end of it');
    await goTo('/');
    const logMiddleMs = await timed(() => goTo(`/jobs/log/tasks/long?tab=log&file=stdout.txt&from=${megabytes * MIDDLE}`), LINE);
    const logSearchMs = await timed(() => page.getByLabel('Find in the file').fill('the end of it'), /1 of 1/);
    const logMemoryMb = await heapMb();
    console.log(`a log of ${megabytes} MB: its end after ${logEndMs.toFixed(0)} ms, its middle after ${logMiddleMs.toFixed(0)} ms, searched in ${(logSearchMs / 1_000).toFixed(1)} s; the page holds ${logMemoryMb.toFixed(0)} MB`);
    return { logEndMs: rounded(logEndMs, 0), logMiddleMs: rounded(logMiddleMs, 0), logSearchMs: rounded(logSearchMs, 0), logMemoryMb: rounded(logMemoryMb, 0) };
  } finally {
    await close();
  }
}
