import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, linarite, mustRun } from '../test/support/linarite.ts';
import { quantile, rounded } from './support/pool.ts';

const RUNS = 11;
/** A process that lives on keeps its code cache after five seconds: what is measured has one. */
const KEPT_MS = 6_000;
const MAIN = join(import.meta.dirname, '../dist/cli/main.js');

/**
 * What a user waits for the program: `--help`, `status` of a running service, `up --detach` on data of an empty
 * account; beside it a Node.js that does nothing. Medians of starts in turn.
 */
export async function run(): Promise<Record<string, unknown>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'linarite-start-'));
  const taken = { bareMs: [] as number[], helpMs: [] as number[], upMs: [] as number[], statusMs: [] as number[] };
  try {
    const port = String(await freePort());
    const up = ['up', '--detach', '--data-dir', dataDir, '--port', port];
    const down = (): Promise<unknown> => mustRun(process.execPath, [MAIN, 'down', '--data-dir', dataDir]);
    // Builds what is stale, too.
    await linarite(up);
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS));
    await down();
    for (let round = 0; round < RUNS; round += 1) {
      taken.bareMs.push(await timed(['-e', '0']));
      taken.helpMs.push(await timed([MAIN, '--help']));
      taken.upMs.push(await timed([MAIN, ...up]));
      taken.statusMs.push(await timed([MAIN, 'status', '--data-dir', dataDir]));
      await down();
    }
  } finally {
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    await rm(dataDir, { recursive: true, force: true });
  }
  const medians = Object.fromEntries(Object.entries(taken).map(([name, all]) => [name, rounded(quantile(all, 0.5))]));
  for (const [name, median] of Object.entries(medians)) console.log(`${name.slice(0, -'Ms'.length)}: median ${median} ms`);
  return { ...medians, upRatio: rounded(quantile(taken.upMs, 0.5) / quantile(taken.bareMs, 0.5)) };
}

async function timed(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const [code] = (await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return performance.now() - began;
}
