import { Option, type Command } from 'commander';
import { timeBetween } from '../time.ts';
import { wholeNumber } from '../wholeNumber.ts';
import { ACTIONS, CREATION, type Action } from './actions.ts';
import type { Flag } from './body.ts';
import type { Explained } from './explain.ts';
import { NOUNS, type NounName } from './nouns.ts';
import { outputOptions } from './output.ts';
import type { OwnFile } from './ownFile.ts';
import { withTargetOptions } from './target.ts';

/** What is said of each kind of resource in the list of commands. */
const DESCRIPTIONS: Readonly<Record<NounName, string>> = {
  pool: 'pools of nodes',
  node: 'nodes of pools',
  job: 'jobs',
  task: 'tasks of jobs',
  schedule: 'job schedules',
};

const DAY_MS = 86_400_000;

/**
 * Adds `pool|node|job|task|schedule list|show|create|delete|…`, the same words as az has where it has them
 * (docs/cli.md), to commands of that name that may be there already.
 */
export function addResourceCommands(program: Command): void {
  for (const noun of Object.values(NOUNS)) {
    const group = groupOf(program, noun.name, DESCRIPTIONS[noun.name]);
    addReading(group, noun.name);
    if (noun.name !== 'node') addCreation(group, noun.name);
    for (const action of ACTIONS) if (action.noun === noun.name) addAction(group, action);
    if (noun.name === 'node') addRemoval(group);
    addWait(group, noun.name);
    if (noun.name !== 'schedule') addExplain(group, noun.name);
    if (noun.name === 'node' || noun.name === 'task') addFiles(group, noun.name);
  }
  addLogs(groupOf(program, 'task', ''));
  for (const file of OWN_FILES) addOwnFile(groupOf(program, file.noun, ''), file);
}

function groupOf(program: Command, name: string, description: string): Command {
  const group = program.commands.find((command) => command.name() === name) ?? program.command(name).description(description);
  return group.configureHelp({ subcommandTerm: (command) => [[command.name(), ...command.aliases()].join('|'), command.usage().replace(' [options]', '')].join(' ') });
}

/** `<job> [tasks...]`, or `[jobs...]`. */
function usageOf(name: NounName, isOfOne = false): string {
  const { parent, plural } = NOUNS[name];
  const own = isOfOne ? `<${name}>` : `[${plural}...]`;
  return parent === null ? own : `<${parent}> ${own}`;
}

function begin(group: Command, verb: string, description: string, usage: string): Command {
  return group.command(verb).description(description).usage(`${usage} [options]`).argument('[words...]');
}

function withTarget(command: Command, name: NounName): Command {
  const { parent } = NOUNS[name];
  for (const noun of [...(parent === null ? [] : [parent]), name]) command.addOption(new Option(`--${noun === 'schedule' ? 'job-schedule' : noun}-id <id>`, 'as az has it').hideHelp());
  return withTargetOptions(command);
}

function withSelection(command: Command, name: NounName): Command {
  const { plural, states } = NOUNS[name];
  return command
    .addOption(new Option('--state <states>', `only those: ${states.join(', ')}`))
    .addOption(new Option('--failed', `only ${plural} in trouble`))
    .addOption(new Option('--all', `all ${plural}`));
}

function withWait(command: Command): Command {
  return command
    .addOption(new Option('-w, --wait', 'return when it is over; exit code 1: without success'))
    .addOption(timeoutOption());
}

function timeoutOption(): Option {
  return new Option('--timeout <time>', 'wait no longer, like 10min; exit code 6').argParser(timeBetween(1, 30 * DAY_MS, 'expected a time like 90s, 10min or 2h'));
}

function withOutput(command: Command): Command {
  for (const option of outputOptions()) command.addOption(option);
  return command;
}

function withFlags(command: Command, flags: readonly Flag[]): Command {
  for (const { flags: words, description } of flags) command.addOption(new Option(words, description));
  return command;
}

function addReading(group: Command, name: NounName): void {
  withOutput(withSelection(withTarget(begin(group, 'list', `list ${NOUNS[name].plural}: by id, last, patterns like 'a-*'`, usageOf(name)), name), name)).action(async (words, options) => (await import('./act.ts')).list(name, words, options));
  withOutput(withTarget(begin(group, 'show', `all that is known of one ${name}`, usageOf(name, true)), name)).action(async (words, options) => (await import('./act.ts')).show(name, words, options));
}

function addCreation(group: Command, name: Exclude<NounName, 'node'>): void {
  const usage = name === 'task' ? '<job>' : '';
  const flags = CREATION[name];
  const command = withFlags(begin(group, 'create', `make a ${name}, by flags or from a file as the REST API has it`, usage), flags).option('--json-file <file>', 'its body, which flags change; -: standard input');
  const taken = new Set(flags.map(({ flags: words }) => words.split(' ')[0]));
  const target = withTarget(group.createCommand(), name);
  for (const option of target.options) if (!taken.has(option.long)) command.addOption(option);
  withOutput(withWait(command)).action(async (words, options) => (await import('./act.ts')).create(name, words, options));
}

function addAction(group: Command, action: Action): void {
  const { noun, verb, alias, description, flags = [], takesFile = false, force, isDestructive = false, isOver } = action;
  const [first = '', second] = verb.split(' ');
  const place = second === undefined ? group : groupOf(group, first, `${first} of ${NOUNS[noun].plural}`);
  const command = withFlags(begin(place, second ?? first, description, usageOf(noun)), flags);
  if (alias !== undefined) command.alias(alias);
  if (takesFile) command.option('--json-file <file>', 'what changes, as the REST API has it; -: standard input');
  if (verb === 'resize') command.option('--abort', 'stop the resize that is under way');
  if (force !== undefined) command.option('--force', force);
  if (isDestructive) command.option('-y, --yes', 'without being asked');
  withSelection(withTarget(command, noun), noun);
  if (isOver !== undefined) withWait(command);
  command.action(async (words, options) => (await import('./act.ts')).act(action, words, options));
}

function addRemoval(group: Command): void {
  const command = begin(group, 'delete', 'take nodes out of their pool', usageOf('node')).option('--node-deallocation-option <requeue|terminate|taskcompletion|retaineddata>', 'what becomes of tasks that run there (default: requeue)').option('-y, --yes', 'without being asked');
  withWait(withSelection(withTarget(command, 'node'), 'node')).action(async (words, options) => (await import('./act.ts')).removeNodes(words, options));
}

function addWait(group: Command, name: NounName): void {
  const command = begin(group, 'wait', `return when ${NOUNS[name].plural} ${WAITED_FOR[name]}; exit code 1: without success`, usageOf(name)).addOption(timeoutOption());
  withSelection(withTarget(command, name), name).action(async (words, options) => (await import('./act.ts')).wait(name, words, options));
}

const WAITED_FOR: Readonly<Record<NounName, string>> = { pool: 'have the nodes that they are to have', node: 'are ready or in trouble', job: 'have ended', task: 'have ended', schedule: 'have ended' };

function addExplain(group: Command, name: Explained): void {
  const command = begin(group, 'explain', `why ${EXPLAINED[name]}, and what would mend it`, usageOf(name, true)).option('--fix <number>', 'do what it says would mend it', wholeNumber(1, 99));
  withOutput(withTarget(command, name)).action(async (words, options) => (await import('./explain.ts')).explain(name, words, options));
}

const EXPLAINED: Readonly<Record<Explained, string>> = { pool: 'a pool has not the nodes that are asked for', node: 'a node is idle', job: 'tasks of a job wait', task: 'a task waits' };

function addFiles(group: Command, owner: 'node' | 'task'): void {
  const file = group.command('file').description(`files of a ${owner}`);
  const usage = `<${NOUNS[owner].parent ?? ''}> <${owner}>`;
  const files = () => import('./files.ts');
  const named = (command: Command): Command => withTarget(command, owner).addOption(new Option('--file-path <file>', 'as az has it').hideHelp());
  withOutput(withTarget(begin(file, 'list', 'what lies there', usage), owner).option('--recursive', 'with all that is in its directories')).action(async (words, options) => (await files()).listFiles(owner, words, options));
  withOutput(named(begin(file, 'show', 'size and times of a file', `${usage} <file>`))).action(async (words, options) => (await files()).showFile(owner, words, options));
  named(begin(file, 'download', 'the content of a file', `${usage} <file>`))
    .option('--destination <file>', 'where to put it (default: standard output)')
    .action(async (words, options) => (await files()).downloadFile(owner, words, options));
  named(begin(file, 'delete', 'delete a file', `${usage} <file>`))
    .option('--recursive', 'a directory with all that is in it')
    .action(async (words, options) => (await files()).deleteFile(owner, words, options));
}

function addLogs(task: Command): void {
  withSelection(withTarget(begin(task, 'logs', 'stdout and stderr of one or many tasks', usageOf('task')), 'task'), 'task')
    .option('-f, --follow', 'go on with what comes until they have ended')
    .option('--file <file...>', 'of its directory instead, like wd/progress.log')
    .option('--tail <bytes>', 'only the end of each file', wholeNumber(0))
    .action(async (words, options) => (await import('./taskLogs.ts')).logs(words, options));
}

const OWN_FILES: readonly OwnFile[] = [
  { noun: 'job', verb: 'report', description: 'what a job came to: counts, times, cost, failures, as one file of HTML' },
  { noun: 'pool', verb: 'samples', description: 'what was measured of a pool and posted to it within a day, as CSV: for autoscale eval --samples (not on Azure)' },
];

function addOwnFile(group: Command, file: OwnFile): void {
  const { noun, verb, description } = file;
  withTarget(begin(group, verb, description, usageOf(noun, true)), noun)
    .option('--file <file>', 'where to put it (default: standard output)')
    .action(async (words, options) => (await import('./ownFile.ts')).ownFile(file, words, options));
}
