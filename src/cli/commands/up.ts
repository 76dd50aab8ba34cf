import { closeInherited, parentChannel } from '../../processes/descriptors.ts';
import { CommandError, EXIT, messageOf } from '../errors.ts';
import { dataDirectoryPath, purgeDataDirectory } from '../service/dataDirectory.ts';
import { holdsPassword } from '../service/externals.ts';
import type { ServiceRecord } from '../service/record.ts';
import type { AgentsFate } from '../service/run.ts';
import { type Wishes, decideOptions, ensureService, readyService, tellStarter } from '../service/start.ts';
import { hint } from './hint.ts';

export interface UpOptions extends Wishes {
  readonly dataDir?: string;
  readonly detach?: boolean;
}

/** `linarite up`: the service in this process until it is told to end, or with `--detach` in one of its own. */
export async function up(options: UpOptions): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const wishes = withDatabase(options);
  if (options.detach === true) return printSummary(await ensureService(path, wishes), options.dataDir);
  const running = await readyService(path, wishes);
  if (running !== undefined) return printSummary(running, options.dataDir, 'already runs');
  await serve(path, wishes);
}

/** A password in an argument would be read by every user of this machine for as long as the process lives. */
function withDatabase(options: UpOptions): UpOptions {
  if (options.databaseUrl !== undefined && holdsPassword(options.databaseUrl)) {
    throw new CommandError(EXIT.usage, 'a password on the command line is seen by other users: give the URL in LINARITE_DATABASE_URL instead of --database-url');
  }
  const databaseUrl = options.databaseUrl ?? process.env['LINARITE_DATABASE_URL'];
  return databaseUrl === undefined ? options : { ...options, databaseUrl };
}

async function serve(path: string, wishes: UpOptions): Promise<void> {
  closeInherited(parentChannel());
  const order = awaitOrder();
  let undo = (): void => undefined;
  try {
    const decision = decideOptions(path, wishes);
    undo = decision.undo;
    // Loaded only here: whoever starts a service in the background needs none of it.
    const [{ runService }, { createParts }] = await Promise.all([import('../service/run.ts'), import('../service/wiring.ts')]);
    const service = await runService(path, decision.options, createParts(), order.signal);
    undo = () => undefined;
    if (!tellStarter({ kind: 'ready' })) {
      printSummary(service.record(), wishes.dataDir);
      console.log(`  Ctrl-C ends it, with its nodes and tasks${decision.directory.memory === null ? '' : ', and with all data, which is in memory'}.`);
    }
    const fate = await order.given;
    await service.stop(fate);
    // With the lock of this process, so nobody finds half of it.
    if (fate === 'end' && decision.directory.memory !== null) await purgeDataDirectory(decision.directory);
  } catch (error) {
    undo();
    if (order.signal.aborted) process.exit(EXIT.failure);
    const failure = error instanceof CommandError ? error : new CommandError(EXIT.failure, `the service did not start: ${messageOf(error)}`);
    if (!tellStarter({ kind: 'failed', message: failure.message, exitCode: failure.exitCode })) throw failure;
    process.exit(failure.exitCode);
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

function printSummary(record: ServiceRecord, dataDir: string | undefined, verb = 'is ready'): void {
  console.log(`linarite ${record.version} ${verb} at ${record.endpoint} (process ${record.process.pid})`);
  console.log(`  connect: eval "$(${hint('env', dataDir)})", then for example: az batch pool list`);
  console.log(`  look: ${hint('status', dataDir)}    end: ${hint('down', dataDir)}`);
}
