import { messageOf } from '../../../base/errors.ts';
import { useOwnSizes } from '../../../wire/sizes/own.ts';
import { CommandError, EXIT, type ExitCode } from '../../errors.ts';
import { purgeDataDirectory } from '../data/dataDirectory.ts';
import type { ServiceRecord } from '../data/record.ts';
import { type AgentsFate, runService } from './run.ts';
import { readSizesFile } from '../sizesFile.ts';
import { type Wishes, decideOptions, tellStarter } from '../start.ts';
import { createParts } from './wiring.ts';

/** A service that is ready. */
export interface Ready {
  readonly record: ServiceRecord;
  readonly isInMemory: boolean;
  /** What became of the seed, line by line. */
  readonly seeded: readonly string[];
}

/**
 * The service in this process until it is told to end; then the process ends. Who started it in the background is told
 * when it is ready; otherwise `onReady` is called. Returns only why it did not start, as data: a build has two of each
 * class, as this is a bundle of its own.
 */
export async function serve(path: string, wishes: Wishes, onReady: (ready: Ready) => void): Promise<{ readonly exitCode: ExitCode; readonly message: string }> {
  const order = awaitOrder();
  let undo = (): void => undefined;
  try {
    const seeding = wishes.seed === undefined ? undefined : await (await import('../../seed/whileStarting.ts')).seedingOf(wishes.seed);
    let seeded: readonly string[] = [];
    const decision = await decideOptions(path, wishes);
    undo = decision.undo;
    const { sizesFile } = decision.options;
    if (sizesFile !== undefined) useOwnSizes(readSizesFile(sizesFile));
    const isInMemory = decision.directory.memory !== null;
    const service = await runService(path, decision.options, createParts(), {
      signal: order.signal,
      logFormat: wishes.logFormat,
      beforeReady: async (api) => {
        seeded = (await seeding?.(api, order.signal)) ?? [];
      },
    });
    undo = () => undefined;
    if (!tellStarter({ kind: 'ready', seeded })) onReady({ record: service.record(), isInMemory, seeded });
    const fate = await order.given;
    await service.stop(fate);
    // With the lock of this process, so nobody finds half of it.
    if (fate === 'end' && isInMemory) await purgeDataDirectory(decision.directory);
  } catch (error) {
    undo();
    if (order.signal.aborted) process.exit(EXIT.failure);
    const { exitCode, message } = error instanceof CommandError ? error : new CommandError(EXIT.failure, `the service did not start: ${messageOf(error)}`);
    if (!tellStarter({ kind: 'failed', message, exitCode })) return { exitCode, message };
    process.exit(exitCode);
  }
  // Whatever a part forgot to close must not keep a stopped service alive.
  process.exit(EXIT.ok);
}

/** Waits for the signal that ends the service; `signal` aborts when it comes, also before the service is ready. */
function awaitOrder(): { given: Promise<AgentsFate>; signal: AbortSignal } {
  const abort = new AbortController();
  const given = new Promise<AgentsFate>((resolve) => {
    const take = (fate: AgentsFate) => (): void => {
      resolve(fate);
      abort.abort();
    };
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, take('end'));
    process.on('SIGUSR2', take('leave'));
  });
  return { given, signal: abort.signal };
}
