import { timeMs } from '../../../base/times.ts';
import { DEFAULT_REGION, hasPrices, PRICED_REGIONS } from '../../../wire/sizes/prices.ts';
import { readApplications } from '../applications.ts';
import { coresOf, sizeForSlots, type ContainerWish, type MpiWish } from './bodies.ts';
import type { ComeBackOptions } from '../watch/comeBack.ts';
import type { ConnectionFlags } from '../account/connection.ts';
import { RunError } from '../failure.ts';
import { expected } from '../forecast/forecast.ts';
import { ID, WHAT_IDS_ARE } from './names.ts';
import type { MergeWish } from './plan.ts';
import { readPlaces } from '../split/places.ts';
import type { SplitOptions } from '../split/splitRun.ts';
import type { RunOptions } from '../workflow.ts';

/** The flags of `linarite run`, as they stand on the command line. */
export interface RunFlags extends Omit<ConnectionFlags, 'account'> {
  /** A Batch account, or several places that the run goes over. */
  readonly account?: readonly string[];
  /** The file that has them. */
  readonly accounts?: string;
  /** When one of several is given up. */
  readonly lostAfter?: string;
  /** Words that are no options and stand before `--`: what a shell makes of a pattern without quotes. */
  readonly before: readonly string[];
  readonly input: readonly string[];
  readonly items?: string;
  readonly itemsFile?: string;
  readonly rows?: string;
  readonly sweep: readonly string[];
  readonly taskId?: string;
  readonly dependsOn?: string;
  readonly merge?: string;
  readonly mergeOutput: readonly string[];
  readonly output: readonly string[];
  readonly to?: string;
  readonly resourceFile: readonly string[];
  readonly app: readonly string[];
  readonly container?: string;
  readonly containerOptions?: string;
  readonly mpi?: number;
  readonly mpiSetup?: string;
  readonly env: readonly string[];
  readonly shell?: boolean;
  readonly retries?: number;
  readonly maxTime?: string;
  readonly pool?: string;
  readonly nodes?: number;
  readonly lowPriorityNodes?: number;
  readonly slots?: number;
  readonly vmSize?: string;
  readonly image?: string;
  readonly startTask?: string;
  readonly keepPool?: boolean;
  readonly keep?: boolean;
  readonly job?: string;
  readonly resume?: boolean;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly expectDuration?: string;
  readonly region?: string;
  readonly attach?: string;
  readonly fetch?: string;
  readonly rerunFailed?: string;
  readonly json?: boolean;
}

const DEFAULT_SLOTS = 2;
const DEFAULT_TO = 'output';
/** What only a pool that is made can be told. */
const POOL_FLAGS = ['nodes', 'lowPriorityNodes', 'slots', 'vmSize', 'image', 'startTask'] as const;

/** Flags as options with their defaults. @throws RunError usage */
export function readFlags(argv: readonly string[], flags: RunFlags): RunOptions {
  const [stray] = flags.before;
  if (stray !== undefined) throw new RunError('usage', `${stray} stands before --, where only options belong; a pattern goes in quotes: --input '*.mp4'`);
  if (argv.length === 0) throw new RunError('usage', 'say what to run: linarite run … -- PROGRAM ARGUMENT…');
  const needless = flags.pool === undefined ? undefined : POOL_FLAGS.find((name) => flags[name] !== undefined);
  if (needless !== undefined) throw new RunError('usage', `--${dashed(needless)} is for a pool that is made; --pool ${flags.pool} names one that exists`);
  for (const [name, id] of [['--job', flags.job], ['--pool', flags.pool]] as const) {
    if (id !== undefined && !ID.test(id)) throw new RunError('usage', `${name} ${id}: ${WHAT_IDS_ARE}`);
  }
  checkJoin(flags);
  const { items, itemsFile, rows } = flags;
  return {
    sources: { input: flags.input, sweep: flags.sweep, ...withValues({ items, itemsFile, rows }) },
    template: { argv, shell: flags.shell === true, outputs: flags.output, environment: new Map(flags.env.map(readVariable)), ...withValues({ taskId: flags.taskId, dependsOn: flags.dependsOn }), ...readMerge(flags) },
    resourceFiles: flags.resourceFile,
    applications: readApplications(flags.app),
    ...readContainer(flags),
    ...readMpi(flags),
    to: flags.to ?? DEFAULT_TO,
    poolWish: readPoolWish(flags),
    retries: flags.retries ?? 0,
    resume: flags.resume === true,
    keep: flags.keep === true,
    keepPool: flags.keepPool === true,
    detach: flags.detach === true,
    connection: connectionFlags(flags),
    region: readRegion(flags.region ?? DEFAULT_REGION),
    ...(flags.expectDuration === undefined ? {} : { expectDuration: expected(readExpected(flags.expectDuration)) }),
    ...withValues({ pool: flags.pool, image: flags.image, job: flags.job }),
    ...(flags.maxTime === undefined ? {} : { maxTime: readDuration(flags.maxTime, '--max-time') }),
  };
}

/** @throws RunError usage */
function checkJoin({ job, resume, dependsOn, pool, ...flags }: RunFlags): void {
  if (job === undefined && resume === true) throw new RunError('usage', '--resume needs --job JOB: what has been done is remembered in that job');
  if (dependsOn === undefined) return;
  if (job === undefined) throw new RunError('usage', `--depends-on ${dependsOn} needs --job JOB: tasks wait for others of the same job`);
  const needless = pool === undefined ? POOL_FLAGS.find((name) => flags[name] !== undefined) : 'pool';
  if (needless !== undefined && resume !== true) throw new RunError('usage', `--${dashed(needless)} is for a job that is made; with --depends-on the tasks run on the pool of the job ${job}`);
}

function readMerge({ merge, mergeOutput }: RunFlags): { merge?: MergeWish } {
  if (merge === undefined) {
    if (mergeOutput.length > 0) throw new RunError('usage', `--merge-output ${mergeOutput[0]} is what --merge puts out: give that too`);
    return {};
  }
  if (merge.trim() === '') throw new RunError('usage', '--merge is empty: give the command that comes after all tasks');
  return { merge: { script: merge, outputs: mergeOutput } };
}

/** Flags that say how tasks are made. They mean nothing for a job whose tasks exist. */
const MAKING_FLAGS = ['items', 'itemsFile', 'rows', 'taskId', 'container', 'containerOptions', 'mpi', 'mpiSetup', 'dependsOn', 'merge', 'resume', 'shell', 'retries', 'maxTime', 'pool', 'job', 'detach', 'dryRun', 'expectDuration', 'region', ...POOL_FLAGS] as const;
const MAKING_LISTS = ['input', 'sweep', 'output', 'mergeOutput', 'resourceFile', 'app', 'env'] as const;

/** Coming back to a job whose tasks exist, by what is wanted of it. */
export type ComeBack = { readonly kind: 'attach' | 'fetch'; readonly options: ComeBackOptions } | { readonly kind: 'rerun'; readonly options: Omit<ComeBackOptions, 'wait'> };

/** `--attach`, `--fetch` or `--rerun-failed` with what goes with them; undefined without. @throws RunError usage */
export function readComeBack(argv: readonly string[], flags: RunFlags): ComeBack | undefined {
  const given = (['attach', 'fetch', 'rerunFailed'] as const).filter((name) => flags[name] !== undefined);
  const [name, other] = given;
  if (name === undefined) return undefined;
  if (other !== undefined) throw new RunError('usage', `--${dashed(name)} and --${dashed(other)} exclude each other: each comes back to a job`);
  const asked = `--${dashed(name)}`;
  const stray = flags.before[0] ?? argv[0];
  const needless = stray ?? [...MAKING_FLAGS.filter((flag) => flags[flag] !== undefined), ...MAKING_LISTS.filter((flag) => flags[flag].length > 0)].map((flag) => `--${dashed(flag)}`)[0];
  if (needless !== undefined) throw new RunError('usage', `${needless} is for tasks that are made; ${asked} comes back to a job whose tasks are there`);
  const jobId = flags[name] ?? '';
  if (!ID.test(jobId)) throw new RunError('usage', `${asked} ${jobId}: ${WHAT_IDS_ARE}`);
  const options = { jobId, keep: flags.keep === true, keepPool: flags.keepPool === true, connection: connectionFlags(flags), ...withValues({ to: flags.to }) };
  return name === 'rerunFailed' ? { kind: 'rerun', options } : { kind: name, options: { ...options, wait: name === 'attach' } };
}

function connectionFlags({ account, endpoint, keyFile, storageConnectionStringFile, dataDir, logLevel }: RunFlags): ConnectionFlags {
  return { ...withValues({ account: account?.at(-1), endpoint, keyFile, storageConnectionStringFile, dataDir }), ...(logLevel === undefined ? {} : { logLevel }) };
}

function readContainer({ container, containerOptions }: RunFlags): { container?: ContainerWish } {
  if (container === undefined) {
    if (containerOptions !== undefined) throw new RunError('usage', `--container-options ${containerOptions} is for --container: give an image too`);
    return {};
  }
  if (!/^[^\s:/@][^\s]*$/.test(container)) throw new RunError('usage', `--container ${JSON.stringify(container)}: write an image, NAME, NAME:TAG or NAME@DIGEST`);
  return { container: { image: container, ...(containerOptions === undefined ? {} : { options: containerOptions }) } };
}

function readMpi({ mpi, mpiSetup, slots }: RunFlags): { mpi?: MpiWish } {
  if (mpi === undefined) {
    if (mpiSetup !== undefined) throw new RunError('usage', '--mpi-setup is for --mpi: say how many nodes a task takes');
    return {};
  }
  if (slots !== undefined && slots !== 1) throw new RunError('usage', `--slots ${slots}: nodes that work on one task with others take no second one beside it, --mpi ${mpi} wants 1`);
  return { mpi: { instances: mpi, ...(mpiSetup === undefined ? {} : { setup: mpiSetup }) } };
}

function readPoolWish({ nodes, lowPriorityNodes = 0, slots, vmSize, startTask, container, mpi }: RunFlags): RunOptions['poolWish'] {
  const size = vmSize ?? sizeForSlots(slots ?? DEFAULT_SLOTS);
  const dedicated = nodes ?? (lowPriorityNodes > 0 ? 0 : (mpi ?? 1));
  if (dedicated + lowPriorityNodes === 0) throw new RunError('usage', 'a pool without nodes runs nothing: give --nodes or --low-priority-nodes');
  if (mpi !== undefined && dedicated + lowPriorityNodes < mpi) throw new RunError('usage', `--mpi ${mpi}: the pool has ${dedicated + lowPriorityNodes} nodes, and each task takes ${mpi}`);
  const together = mpi === undefined ? { slots: slots ?? coresOf(size) } : { slots: 1, interNode: true as const };
  return { nodes: dedicated, lowPriorityNodes, vmSize: size, ...together, ...withValues({ startTask, container }) };
}

const LOST_AFTER_MS = 60_000;
/** What a run over several accounts is not told: they are named by themselves. */
const ONE_ACCOUNT = ['endpoint', 'keyFile', 'storageConnectionStringFile', 'dataDir', 'logLevel'] as const;
/** What needs all tasks in one job, or all parts in one storage account. */
const ONE_JOB = ['dependsOn', 'merge', 'dryRun'] as const;

/** How a run goes over several accounts; undefined: it goes to one. @throws RunError usage */
export function readSplit(flags: RunFlags, environment: NodeJS.ProcessEnv): SplitOptions | undefined {
  const places = readPlaces(flags.account ?? [], flags.accounts, environment);
  if (places === undefined) {
    if (flags.lostAfter !== undefined) throw new RunError('usage', `--lost-after ${flags.lostAfter} is for a run over several accounts: give --account more than once`);
    return undefined;
  }
  const needless = ONE_ACCOUNT.find((name) => flags[name] !== undefined);
  if (needless !== undefined) throw new RunError('usage', `--${dashed(needless)} is for one account; with several each --account names all that is to be known of it`);
  const refused = ONE_JOB.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (refused !== undefined) throw new RunError('usage', `--${dashed(refused)} goes with one account: tasks of several accounts have neither a job nor a storage account in common`);
  const lostAfterMs = flags.lostAfter === undefined ? LOST_AFTER_MS : (timeMs(flags.lostAfter) ?? 0);
  if (lostAfterMs < 1_000) throw new RunError('usage', `--lost-after ${flags.lostAfter}: write a time of a second or more, like 30s or 5min`);
  return { places, lostAfterMs, ...(flags.accounts === undefined ? {} : { file: flags.accounts }) };
}

/** `90s` or `30s..5min`, in milliseconds. @throws RunError usage */
function readExpected(text: string): [number, number] {
  const [low = Number.NaN, high = low, ...more] = text.split('..').map((part) => timeMs(part) ?? Number.NaN);
  if (more.length > 0 || !(low > 0 && high >= low)) throw new RunError('usage', `--expect-duration ${text}: write a time like 90s, or the shortest and the longest, 30s..5min`);
  return [low, high];
}

/** @throws RunError usage */
function readRegion(region: string): string {
  if (!hasPrices(region)) throw new RunError('usage', `--region ${region}: prices are known of ${PRICED_REGIONS.join(', ')}`);
  return region;
}

function readVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new RunError('usage', `--env ${text}: write NAME=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Only the members that have a value. */
function withValues<T extends Readonly<Record<string, string | undefined>>>(members: T): { [K in keyof T]?: string } {
  const kept: { [K in keyof T]?: string } = {};
  for (const name in members) if (members[name] !== undefined) kept[name] = members[name];
  return kept;
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * An ISO 8601 duration from what people write: `90s`, `30min`, `1h30m`, `2days 4h`; ISO durations pass. @throws
 * RunError usage
 */
export function readDuration(text: string, option: string): string {
  if (/^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(text)) return text.toUpperCase();
  const ms = timeMs(text) ?? 0;
  if (ms <= 0) throw new RunError('usage', `${option} ${text}: write a time like 90s, 30min, 1h30m or 2days`);
  return `PT${Math.ceil(ms / 1_000)}S`;
}
