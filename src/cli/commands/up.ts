import { closeInherited, parentChannel } from '../../processes/descriptors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { holdsPassword } from '../service/externals.ts';
import type { ServiceRecord } from '../service/data/record.ts';
import { type Wishes, ensureService, readyService } from '../service/start.ts';
import { clientEnvironment, managedIdentityEnvironment } from '../service/environment.ts';
import { messageOf } from '../../base/errors.ts';
import { hint } from '../hint.ts';
import { connectionTo } from '../ownOperations.ts';
import { pageLink } from '../pageLink.ts';

export interface UpOptions extends Wishes {
  readonly dataDir?: string;
  readonly detach?: boolean;
  /** It ends with whoever started it. */
  readonly withParent?: boolean;
}

/** `linarite up`: the service in this process until it is told to end, or with `--detach` in one of its own. */
export async function up(options: UpOptions): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const wishes = withDatabase(options);
  if (options.detach === true && options.logFormat !== undefined) {
    throw new CommandError(EXIT.usage, '--log-format is for a service in the foreground: one in the background has nobody to print to, and linarite logs shows its log');
  }
  if (options.withParent === true) return upWithParent(path, wishes);
  const running = await readyService(path, wishes);
  if (running !== undefined) {
    // Where nothing is started, the seed goes to what runs.
    const { seed: file } = options;
    if (file !== undefined) process.exitCode = await (await import('./seed.ts')).seed(file, options.dataDir === undefined ? {} : { dataDir: options.dataDir });
    return tell(running, options.dataDir, options.detach === true ? 'is ready' : 'already runs');
  }
  if (options.detach === true) return tell(await ensureService(path, wishes), options.dataDir);
  closeInherited(parentChannel());
  // Loaded only here: whoever starts a service in the background needs none of it.
  const { serve } = await import('../service/process/serve.ts');
  const { exitCode, message } = await serve(path, wishes, ({ record, isInMemory, seeded }) => {
    for (const line of seeded) console.error(line);
    tell(record, options.dataDir).catch((error: unknown) => console.error(`linarite: no link to the page: ${messageOf(error)}`));
    console.log(`  Ctrl-C ends it, with its nodes and tasks${isInMemory ? ', and with all data, which is in memory' : ''}.`);
  });
  throw new CommandError(exitCode, message);
}

/** The end of standard input is that of whoever started it: a program that is killed can say nothing else. */
async function upWithParent(path: string, options: UpOptions): Promise<void> {
  if (options.detach === true) throw new CommandError(EXIT.usage, '--detach outlives whoever starts it: it does not go with --with-parent');
  if (process.stdin.isTTY) throw new CommandError(EXIT.usage, '--with-parent is for programs: its standard input is a pipe of theirs');
  if ((await readyService(path)) !== undefined) throw new CommandError(EXIT.failure, `a service runs on ${path} already: its end is not that of whoever starts this one`);
  closeInherited(parentChannel());
  process.stdin.resume().once('close', () => process.kill(process.pid, 'SIGTERM'));
  const { serve } = await import('../service/process/serve.ts');
  const { exitCode, message } = await serve(path, options, ({ record }) => {
    const directory = findDataDirectory(path);
    if (directory === undefined) throw new Error('a service runs on no data directory');
    console.log(JSON.stringify({ ...clientEnvironment(directory, record), ...managedIdentityEnvironment(directory, record) }));
  });
  // It did not start, and nothing is to keep this process.
  process.stdin.destroy();
  throw new CommandError(exitCode, message);
}

/** A password in an argument would be read by every user of this machine for as long as the process lives. */
function withDatabase(options: UpOptions): UpOptions {
  if (options.databaseUrl !== undefined && holdsPassword(options.databaseUrl)) {
    throw new CommandError(EXIT.usage, 'a password on the command line is seen by other users: give the URL in LINARITE_DATABASE_URL instead of --database-url');
  }
  const databaseUrl = options.databaseUrl ?? process.env['LINARITE_DATABASE_URL'];
  return databaseUrl === undefined ? options : { ...options, databaseUrl };
}

/** All that is said of a service that is ready; last a link to its page, which it has to be asked for. */
async function tell(record: ServiceRecord, dataDir: string | undefined, verb?: string): Promise<void> {
  printSummary(record, dataDir, verb);
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  if (directory === undefined) throw new Error('a service runs on no data directory');
  console.log(`  page, for one browser within two minutes: ${await pageLink(connectionTo(directory, record), 'contributor')}`);
}

function printSummary(record: ServiceRecord, dataDir: string | undefined, verb = 'is ready'): void {
  console.log(`linarite ${record.version} ${verb} at ${record.endpoint} (process ${record.process.pid})`);
  console.log(`  connect: eval "$(${hint('env', dataDir)})", then for example: az batch pool list`);
  console.log(`  look: ${hint('status', dataDir)}    end: ${hint('down', dataDir)}`);
}
