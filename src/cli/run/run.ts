import { exitCodes } from './failure.ts';
import { listenForInterrupts } from './interrupt.ts';
import { readFlags, type RunFlags } from './options.ts';
import { showProgress, silence } from './progress.ts';
import { readText } from './readText.ts';
import { refusalOf } from './refusal.ts';
import { jsonOf, linesOf, listen, type Told } from './report.ts';
import { signalsOfThisProcess } from './signals.ts';
import { runWorkflow } from './workflow.ts';

/** `linarite run`: carries a run out, tells about it, gives the exit code (see failure.ts). */
export async function run(argv: readonly string[], flags: RunFlags): Promise<number> {
  const json = flags.json === true;
  const screen = json ? process.stderr : process.stdout;
  const progress = json && !screen.isTTY ? silence : showProgress(screen, () => performance.now());
  const interrupts = listenForInterrupts({ ...signalsOfThisProcess(), clear: () => progress.clear() });
  let told: Told | undefined;
  try {
    const options = readFlags(argv, flags);
    const result = await runWorkflow(
      options,
      { environment: process.env, readStdin: () => readText(process.stdin, interrupts.signal), progress, interrupts, now: () => performance.now() },
      async (result) => {
        told = await listen(result, options.to);
      },
    );
    progress.clear();
    if (result.message !== undefined && !json) console.error(`linarite run: ${result.message}`);
    if (told !== undefined) console.log(json ? JSON.stringify(jsonOf(told, options.to)) : linesOf(told, options.to).join('\n'));
    return exitCodes[result.failure ?? 'succeeded'];
  } catch (error) {
    progress.clear();
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const { failure, message } = refusal;
    if (json) console.log(JSON.stringify({ result: failure, exitCode: exitCodes[failure], message }));
    else console.error(`linarite run: ${message}`);
    return exitCodes[failure];
  } finally {
    interrupts.close();
  }
}
