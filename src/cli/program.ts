import { Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../base/errors.ts';
import { addAccountCommands } from './account.ts';
import { addAppCommands } from './app.ts';
import { addAutoscaleCommands } from './autoscale.ts';
import { addBackupCommands } from './backup/command.ts';
import { addCompletionCommands } from './completion/command.ts';
import { addCostCommand } from './cost.ts';
import { addDemoCommand } from './demo/command.ts';
import { addDoctorCommand } from './doctor/command.ts';
import { addDrillCommands } from './drill.ts';
import { CommandError, EXIT } from './errors.ts';
import { addEventsCommand } from './events/command.ts';
import { addWebhookCommands } from './webhook.ts';
import { addIdentityCommands } from './identity.ts';
import { addPageCommands } from './page.ts';
import { addLintCommand } from './lint/command.ts';
import { addRunCommand } from './run/command.ts';
import { addClockCommands } from './clock.ts';
import { archiveOptions } from './service/archiveOptions.ts';
import { addSeedCommand, seedOption } from './seed/command.ts';
import { addSimulateCommand } from './simulate/command.ts';
import { addTopCommand } from './top/command.ts';
import { addAzureCommands } from './azure.ts';
import { addNodeCommands } from './node.ts';
import { addCompareCommand } from './compare/command.ts';
import { addProxyCommand } from './proxy/command.ts';
import { addPoolCommands } from './pool.ts';
import { addResourceCommands } from './resources/commands.ts';
import { logFormatOption } from './service/log/format.ts';
import { withTargetOptions } from './resources/target.ts';
import { LOG_LEVELS, logLevelOption } from './service/log/level.ts';
import { autoScaleOption } from './service/autoScale.ts';
import { clockOption } from './service/clockOption.ts';
import { hostSuffixOption } from './service/hostSuffix.ts';
import { severalOptions } from './service/several/severalOptions.ts';
import { issuerOption } from './service/issuers.ts';
import { maxJobTimeOption } from './service/maxJobTime.ts';
import { nodeOptions } from './service/nodeOptions.ts';
import { regionOptions } from './service/regionOptions.ts';
import { silenceOptions } from './service/silenceOptions.ts';
import { webhookOption } from './service/webhookOption.ts';
import { sizesOption } from './service/sizesFile.ts';
import { versionLine } from './version.ts';
import { wholeNumber } from './wholeNumber.ts';

export const program = new Command('linarite')
  .description('an open Azure Batch service that you run yourself')
  .version(versionLine())
  .showHelpAfterError('(see --help)')
  .exitOverride();

function dataDir(): Option {
  return new Option('--data-dir <directory>', 'where everything is kept (default: $LINARITE_DATA_DIR, or ./.linarite)');
}

const upCommand = program
  .command('up')
  .description('start the service; returns when it ends, or with --detach when it is ready')
  .addOption(dataDir())
  .option('--port <port>', 'TLS and plain HTTP share it; 0 takes a free one (default: 10800)', wholeNumber(0, 65_535))
  .option('--blob-port <port>', 'of the blob server; kept from then on (default: the one of the last time, or the next free one after --port: 10801)', wholeNumber(1, 65_535))
  .option('--host <address>', 'address to listen on (default: 127.0.0.1)', address)
  .option('--detach', 'run in the background')
  .option('--with-parent', 'end when standard input does, and say as one line of JSON how clients connect: for a program that starts it, such as a test')
  .option('--well-known-key', 'use the well-known keys even as root or beyond this machine')
  .option('--ephemeral [size]', 'keep everything in memory, at most so much (like 2GB; default: a quarter of it): durable against kills, lost with the machine; down leaves nothing')
  .option('--node-dir <directory>', 'keep the directories of nodes there, for good; the rest stays in the data directory')
  .addOption(logLevelOption())
  .addOption(logFormatOption())
  .option('--database-url <url>', 'a PostgreSQL to use instead of the embedded one; with a password only in LINARITE_DATABASE_URL')
  .action(async (options) => (await import('./commands/up.ts')).up(options));
for (const option of [seedOption(), ...silenceOptions(), maxJobTimeOption(), autoScaleOption(), webhookOption(), sizesOption(), clockOption(), issuerOption(), hostSuffixOption(), ...regionOptions(), ...severalOptions(), ...nodeOptions(), ...archiveOptions()]) upCommand.addOption(option);

program
  .command('down')
  .description('end the service with its agents and tasks; tasks are requeued')
  .addOption(dataDir())
  .option('--purge', 'remove all data as well')
  .action(async (options) => (await import('./commands/down.ts')).down(options));

program
  .command('restart')
  .description('end the service and start it again in the background; agents and tasks go on')
  .addOption(dataDir())
  .addOption(logLevelOption())
  .action(async (options) => (await import('./commands/restart.ts')).restart(options));

program
  .command('status')
  .description('what runs, where, and what this machine cannot guarantee')
  .addOption(dataDir())
  .option('--json', 'for programs')
  .action(async (options) => {
    process.exitCode = await (await import('./commands/status.ts')).status(options);
  });

program
  .command('env')
  .description('how clients connect: eval "$(linarite env)"')
  .addOption(dataDir())
  .option('--identity', 'also how programs of this machine get tokens without a sign-in: IDENTITY_ENDPOINT, IDENTITY_HEADER and their older names')
  .option('--service-principal', "also the operator's service principal: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST")
  .addOption(new Option('--format <format>', 'how to print').choices(['shell', 'json']).default('shell'))
  .action(async (options) => (await import('./commands/env.ts')).env(options));

program
  .command('logs')
  .description("the service's log, whether it runs or not")
  .addOption(dataDir())
  .option('-f, --follow', 'go on with new lines until Ctrl-C, also over restarts')
  .option('-n, --lines <count>', 'of the last lines', wholeNumber(0, 10_000_000), 200)
  .addOption(new Option('--level <level>', 'only lines of this level and above').choices(LOG_LEVELS))
  .option('--json', 'the lines as they stand in the log, a JSON object each')
  .action(async (options) => {
    process.exitCode = await (await import('./commands/logs.ts')).logs(options);
  });

withTargetOptions(program.command('explain'))
  .description('why a task, or the tasks of a job, wait')
  .argument('<job>')
  .argument('[task]')
  .option('--json', 'for programs')
  .action(async (job, task, options) => (await import('./commands/explain.ts')).explain(job, task, options));

addRunCommand(program);
addDemoCommand(program);

addAccountCommands(program);
addAppCommands(program);
addBackupCommands(program);
addClockCommands(program);
addCostCommand(program);
addAutoscaleCommands(program);
addSimulateCommand(program);
addSeedCommand(program);
addLintCommand(program);
addProxyCommand(program);
addCompareCommand(program);
addNodeCommands(program);
addAzureCommands(program);
addPoolCommands(program);
addResourceCommands(program);
addDrillCommands(program);
addEventsCommand(program);
addWebhookCommands(program);
addIdentityCommands(program);
addPageCommands(program);
addTopCommand(program);
addDoctorCommand(program);
addCompletionCommands(program);

/** How help sorts commands; what is not named here comes last. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'The service:': ['up', 'down', 'restart', 'status', 'logs', 'env', 'doctor'],
  'Work:': ['demo', 'run', 'pool', 'node', 'job', 'task', 'schedule', 'app'],
  'Looking and mending:': ['open', 'top', 'events', 'webhook', 'explain', 'cost', 'lint', 'drill'],
  'Trying out:': ['simulate', 'autoscale', 'clock'],
  'Beside a real account:': ['proxy', 'compare'],
  'Accounts and clients:': ['account', 'identity', 'session', 'az', 'hosts', 'shell', 'completion'],
};
for (const [heading, names] of Object.entries(GROUPS)) {
  for (const name of names) program.commands.find((command) => command.name() === name)?.helpGroup(heading);
}

/** Does what the command line says; the exit code is in `process.exitCode`. */
export async function runProgram(): Promise<void> {
  endureUnwritableOutput();
  try {
    await program.parseAsync();
  } catch (error) {
    // Commander has printed what was wrong with the command line, or the help that was asked for.
    if (isCommanderError(error)) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else {
      console.error(`linarite: ${messageOf(error)}`);
      if (!(error instanceof CommandError) && process.env['LINARITE_DEBUG'] !== undefined) console.error(error);
      process.exitCode = error instanceof CommandError ? error.exitCode : EXIT.failure;
    }
  }
}

/**
 * `linarite up --detach | head -1`: a reader that has gone is told nothing more. A full disk must not end a command in
 * the middle of its work.
 */
function endureUnwritableOutput(): void {
  let unwritten = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || unwritten) return;
      unwritten = true;
      if (stream === process.stdout) console.error(`linarite: the output cannot be written: ${error.message}`);
    });
  }
  process.once('exit', () => {
    if (unwritten) process.exitCode ||= EXIT.failure;
  });
}

/**
 * An empty one, of a variable that was not set, would be all addresses to Node.js; a name that means two families would
 * be the first of them, whichever it is here.
 */
function address(text: string): string {
  if (text === '') throw new InvalidArgumentError('it is empty');
  return text === 'localhost' ? '127.0.0.1' : text;
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.') && 'exitCode' in error;
}
