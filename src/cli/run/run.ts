import { text as textOf } from 'node:stream/consumers';
import { CommandError, messageOf } from '../errors.ts';
import { exitCodes, RunError } from './failure.ts';
import { listenForInterrupts, type InterruptSetting } from './interrupt.ts';
import { readFlags, type RunFlags } from './options.ts';
import { showProgress, silence } from './progress.ts';
import { jsonOf, linesOf, listen, type Told } from './report.ts';
import { runWorkflow } from './workflow.ts';

/** `linarite run`: carries a run out, tells about it, gives the exit code (see failure.ts). */
export async function run(argv: readonly string[], flags: RunFlags): Promise<number> {
  const json = flags.json === true;
  const screen = json ? process.stderr : process.stdout;
  const progress = json && !screen.isTTY ? silence : showProgress(screen, () => performance.now());
  const interrupts = listenForInterrupts({ ...signalsAndTerminal(), clear: () => progress.clear() });
  let told: Told | undefined;
  try {
    const options = readFlags(argv, flags);
    const result = await runWorkflow(
      options,
      { environment: process.env, readStdin: () => textOf(process.stdin), progress, interrupts, now: () => performance.now() },
      async (result) => {
        told = await listen(result, options.to);
      },
    );
    progress.clear();
    if (told !== undefined) console.log(json ? JSON.stringify(jsonOf(told, options.to)) : linesOf(told, options.to).join('\n'));
    return exitCodes[result.failure ?? 'succeeded'];
  } catch (error) {
    if (!(error instanceof RunError || error instanceof CommandError)) throw error;
    progress.clear();
    const failure = error instanceof RunError ? error.failure : 'service';
    if (json) console.log(JSON.stringify({ result: failure, exitCode: exitCodes[failure], message: messageOf(error) }));
    else console.error(`linarite run: ${messageOf(error)}`);
    return exitCodes[failure];
  } finally {
    interrupts.close();
  }
}

/** Ctrl-C of this process; asks on its terminal when it has one both ways. */
export function signalsAndTerminal(): Pick<InterruptSetting, 'listen' | 'terminal'> {
  return {
    listen: (interrupted) => {
      process.on('SIGINT', interrupted);
      process.on('SIGTERM', interrupted);
      return () => {
        process.off('SIGINT', interrupted);
        process.off('SIGTERM', interrupted);
      };
    },
    ...(process.stdin.isTTY && process.stderr.isTTY ? { terminal: { input: process.stdin, output: process.stderr } } : {}),
  };
}
