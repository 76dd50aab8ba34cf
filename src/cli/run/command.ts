import { Option, type Command } from 'commander';
import { wholeNumber } from '../wholeNumber.ts';
import { logLevelOption } from '../service/log/level.ts';
import type { RunFlags } from './plan/options.ts';

/** Adds `linarite run`. Its code, and the SDKs with it, is loaded when it is called. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('the whole workflow of a Batch application: upload, pool, job, tasks, watch, download')
    .argument('[command...]', 'what each task runs, after --; words may hold placeholders')
    .optionsGroup('One task for each of:')
    .option('--input <pattern>', 'local files, uploaded: {input} {name} {stem} {ext} {dir}; may be repeated', collect)
    .option('--items <a,b,c>', 'items: {item}')
    .option('--items-file <file>', 'the lines of a file, or - for standard input: {item}')
    .option('--rows <file>', 'the rows of a .csv, .tsv or .jsonl file: {column}')
    .option('--sweep <name=values>', 'numbers and values, n=1..10 or rate=0.1..0.5..0.1 or mode=fast,slow: {n}; repeated: all combinations', collect)
    .optionsGroup('Each task:')
    .option('--task-id <pattern>', 'its id, with placeholders (default: its number and what it is made from)')
    .option('--depends-on <tasks>', 'tasks of the job that it waits for: ids, 1-10, cut-*, with placeholders, separated by commas; needs --job')
    .option('--output <pattern>', 'files to bring back, relative to where the task runs; may be repeated', collect)
    .option('--to <directory>', 'where to put them (default: output)')
    .option('--resource-file <file>', 'a file or URL that every task gets, [NAME=]FILE; may be repeated', collect)
    .option('--app <id[:version]>', 'an application package of the account, at $AZ_BATCH_APP_PACKAGE_<id>_<version>; may be repeated', collect)
    .option('--container <image>', 'run it in a container of this image')
    .option('--container-options <options>', "options of the engine's create: '--network host'")
    .option('--mpi <count>', 'run it on so many nodes together, its command on the first; $AZ_BATCH_HOST_LIST names them', wholeNumber(1, 100))
    .option('--mpi-setup <script>', 'a bash script that each of these nodes runs before; files of --resource-file lie in $AZ_BATCH_TASK_SHARED_DIR')
    .option('--env <name=value>', 'an environment variable; may be repeated', collect)
    .option('--shell', 'join the words with spaces and have /bin/bash run them')
    .option('--retry, --retries <count>', 'how often a failed task is tried again (default: 0)', wholeNumber(0, 100))
    .option('--max-time <time>', 'end a task that runs longer: 90s, 30min, 1h30m')
    .optionsGroup('After all tasks:')
    .option('--merge <script>', 'one more task, a bash script; parts/TASK/ has what each task put out, or its stdout.txt')
    .option('--merge-output <pattern>', 'files of the merge to bring back; may be repeated', collect)
    .optionsGroup('Where they run:')
    .option('--pool <id>', 'a pool that exists; without it one is made')
    .option('--nodes <count>', 'dedicated nodes of the pool made (default: 1, or 0 with --low-priority-nodes)', wholeNumber(0, 10_000))
    .option('--low-priority-nodes <count>', 'low-priority nodes of the pool made', wholeNumber(0, 10_000))
    .option('--slots <count>', "tasks at a time on a node (default: the VM size's cores)", wholeNumber(1, 256))
    .option('--vm-size <size>', 'default: standard_d2s_v3, or larger when --slots asks for it')
    .option('--image <publisher:offer:sku>', 'default: the newest Ubuntu of the service')
    .option('--start-task <script>', 'a bash script that prepares each node, as administrator')
    .option('--keep-pool', 'leave the pool made')
    .option('--keep', 'leave job, pool and containers; the job stays open for more tasks')
    .optionsGroup('The run:')
    .option('--job <id>', "the job's id (default: run-DATE-TIME-…)")
    .option('--resume', 'run what the job of --job lacks: not again what succeeded with same command, environment, image and content of inputs')
    .option('--detach', "print the job's id and return at once; the job ends by itself")
    .option('--dry-run', 'print as JSON what would be sent, with a forecast of time and money; only a pool or job that exists is asked')
    .option('--expect-duration <time>', 'for a forecast: how long a task takes, 90s or 30s..5min (default: as in earlier runs of the data directory)')
    .option('--region <region>', 'for a forecast: whose prices count (default: westeurope)')
    .option('--attach <job>', 'come back to the run of that job: wait for its end, fetch, report, clean up')
    .option('--rerun-failed <job>', 'run again what failed of that job, under the same ids, and wait for it')
    .option('--fetch <job>', 'fetch what the tasks of that job have put out so far, and change nothing')
    .option('--json', 'one JSON object on standard output, nothing else')
    .optionsGroup('The Batch account (default: AZURE_BATCH_ACCOUNT, _ENDPOINT, _ACCESS_KEY; else a service on this machine):')
    .option('--account <name>', 'given several times, the run goes over all of them: data directories, or entries of --accounts', collect)
    .option('--accounts <file>', 'a JSON file of accounts by name (default: $LINARITE_ACCOUNTS)')
    .option('--lost-after <time>', 'an account of several that is silent for so long is lost, and its tasks go to the others (default: 1min)')
    .option('--endpoint <url>')
    .option('--key-file <file>', 'holds the access key')
    .option('--storage-connection-string-file <file>', 'instead of AZURE_STORAGE_CONNECTION_STRING')
    .addOption(new Option('--data-dir <directory>', 'of the service on this machine (default: $LINARITE_DATA_DIR, or ./.linarite)'))
    .addOption(logLevelOption())
    .addHelpText('after', HELP)
    .configureOutput({ outputError: (text, write) => write(withDashes(text, process.argv)) })
    .action(async (words: string[], flags: Partial<typeof NOTHING> & Omit<RunFlags, 'before' | keyof typeof NOTHING>) => {
      const { before, command } = aroundDashes(words, process.argv);
      process.exitCode = await (await import('./run.ts')).run(command, { ...NOTHING, ...flags, before });
    });
}

const HELP = `
Placeholders also: {index} {task}. {{name}} stands for {name} itself; \${name} is left to a shell.
With --shell values are quoted: write {input}, not "{input}".

Exit codes: 0 all succeeded, 1 some task failed, 2 wrong usage, 3 service or storage refused, 4 no nodes,
5 an upload or download failed, or an output pattern matched nothing, 6 the job goes on (left by Ctrl-C, or --fetch before
its end), 130 ended by Ctrl-C. The tasks' stdout goes to standard output, all else to standard error.

Examples:
  linarite run --input 'videos/*.mp4' --output '*.avi' --nodes 2 -- ffmpeg -i {input} {stem}.avi
  linarite run --items 1,2,3 --shell -- 'echo item {item} on $AZ_BATCH_NODE_ID'
  linarite run --sweep rate=0.1..0.9..0.1 --sweep seed=1..5 -- ./model --rate {rate} --seed {seed}
  linarite run --rows runs.csv --resource-file model.py --output result.json -- python3 model.py --rate {rate}
`;

/** What may be repeated and was not given; as commander's defaults these would stand in the help. */
const NOTHING: Pick<RunFlags, 'account' | 'input' | 'sweep' | 'output' | 'mergeOutput' | 'resourceFile' | 'app' | 'env'> = { account: [], input: [], sweep: [], output: [], mergeOutput: [], resourceFile: [], app: [], env: [] };

/** Commander gives the words on both sides of `--` as one list; without it all of them are the command. */
function aroundDashes(words: readonly string[], argv: readonly string[]): { before: string[]; command: string[] } {
  const at = argv.indexOf('--');
  const count = at < 0 ? 0 : Math.max(0, words.length - (argv.length - at - 1));
  return { before: words.slice(0, count), command: words.slice(count) };
}

/** `run --items a,b ffmpeg -i {item}`: the option is one of the program's. */
function withDashes(text: string, argv: readonly string[]): string {
  if (!/unknown option/.test(text) || argv.includes('--')) return text;
  return `${text.trimEnd()}\n(a program's own options stand behind --: linarite run --items a,b -- PROGRAM -i {item})\n`;
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
