import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { waitUntil } from '../../processes/end.ts';
import { isRunning } from '../../processes/identity.ts';
import { nodeArguments, siblingModule } from '../../processes/module.ts';
import { CommandError, EXIT, type ExitCode } from '../errors.ts';
import { lastLines } from '../lastLines.ts';
import { claimDataDirectory } from './data/claim.ts';
import { type DataDirectory, findDataDirectory, type Layout } from './data/dataDirectory.ts';
import { keepExternals, readExternals } from './externals.ts';
import { moveIfLong } from './log/log.ts';
import { memoryBytes } from './data/memory.ts';
import type { LogFormat } from './log/format.ts';
import { DEFAULT_LOG_LEVEL, type LogLevel } from './log/level.ts';
import { type ServiceOptions, type ServiceRecord, readRecord, runningService } from './data/record.ts';
import type { TrustedIssuer } from '../../api/identity/outsideIssuers.ts';
import { type ArchiveWishes, archiveFlags, decideArchive, sameArchive } from './archiveOptions.ts';
import { autoScaleFlags } from './autoScale.ts';
import { type ClockKind, clockFlags } from './clockOption.ts';
import { hostSuffixFlags } from './hostSuffix.ts';
import { issuerFlags, sameIssuers } from './issuers.ts';
import { maxJobTimeFlags } from './maxJobTime.ts';
import { readImagesFile } from './imagesFile.ts';
import { readCapacityFile } from './lowPriority.ts';
import { decideNodes, nodeFlags, type NodeWishes, sameNodes } from './nodeOptions.ts';
import { readProvidersFile } from './providers/read.ts';
import { type SilenceWishes, decideSilence, sameSilence, silenceFlags } from './silenceOptions.ts';
import { decideRegion, otherRegion, regionFlags, type RegionWishes } from './regionOptions.ts';
import { readSizesFile, sizesFlags } from './sizesFile.ts';
import { givenClusterKey } from './several/clusterKey.ts';
import { decideSeveral, otherSeveral, severalFlags, type SeveralWishes } from './several/severalOptions.ts';
import { webhookFlags } from './webhookOption.ts';

/** What a user may say about a service. What is left out is as the killed service had it, or else the default. */
export interface Wishes extends SilenceWishes, NodeWishes, ArchiveWishes, RegionWishes, SeveralWishes {
  readonly port?: number;
  readonly host?: string;
  readonly wellKnownKey?: boolean;
  readonly databaseUrl?: string;
  readonly blobPort?: number;
  /** Everything in memory; `true`: in the usual share of it. */
  readonly ephemeral?: string | true;
  /** Where the directories of nodes lie. */
  readonly nodeDir?: string;
  readonly logLevel?: LogLevel;
  /** In which form the log goes to standard error as well. It is of this start alone. */
  readonly logFormat?: LogFormat;
  /** No job lasts longer than so many milliseconds. */
  readonly maxJobTime?: number;
  /** Formulas of pools may run each so many milliseconds. */
  readonly autoscaleMinInterval?: number;
  readonly webhookPrivate?: boolean;
  /** The file of the operator's own sizes and prices. */
  readonly sizes?: string;
  /** What the names of accounts' hosts end with. */
  readonly hostSuffix?: string;
  /** Outside issuers whose tokens are taken. */
  readonly issuer?: readonly TrustedIssuer[];
  /** Whose time it goes by. */
  readonly clock?: ClockKind;
  /** The file of what is made before it is ready. It is of this start alone. */
  readonly seed?: string;
}

const DEFAULT_PORT = 10800;
/** Of the output of a service that did not start. */
const SHOWN_LINES = 5;
const DEFAULT_HOST = '127.0.0.1';
/**
 * Recovery of a database may take minutes. A command that waits for another process's start says so after this long.
 */
const READY_TIMEOUT_MS = 10 * 60_000;

/** What a detached service tells whoever started it. */
export type StartMessage = { readonly kind: 'ready'; readonly seeded?: readonly string[] } | { readonly kind: 'failed'; readonly message: string; readonly exitCode: ExitCode };

/**
 * The service of this data directory, ready: the one that runs, or a new one in the background. Throws `CommandError`
 * when it does not start, or runs on another port than asked for.
 */
export async function ensureService(path: string, wishes: Wishes = {}): Promise<ServiceRecord> {
  return (await readyService(path, wishes)) ?? startDetached(path, wishes);
}

/** The running service once it is ready with all its parts; undefined when none runs (any more). */
export async function readyService(path: string, wishes: Wishes = {}): Promise<ServiceRecord | undefined> {
  const directory = findDataDirectory(path);
  if (directory === undefined) return undefined;
  const settled = await waitUntil(() => {
    const record = runningService(directory);
    return record === undefined || isWhole(record);
  }, READY_TIMEOUT_MS);
  if (!settled) throw new CommandError(EXIT.failure, `the service of ${directory.root} runs but does not get ready: see ${directory.logs}`);
  const record = runningService(directory);
  if (record !== undefined) refuseOtherWishes(directory, record, wishes);
  return record;
}

/** A running service cannot change: a command that asks for a different one is told so. */
function refuseOtherWishes(directory: DataDirectory, { options, wellKnownKeys, blobEndpoint }: ServiceRecord, wishes: Wishes): void {
  const silence = decideSilence({}, options.silence);
  const archive = decideArchive({}, options.archive);
  const { logLevel = DEFAULT_LOG_LEVEL } = options;
  const differences = [
    ...(wishes.port !== undefined && wishes.port !== options.port ? [`on port ${options.port}`] : []),
    ...(wishes.host !== undefined && wishes.host !== options.host ? [`on the address ${options.host}`] : []),
    ...(wishes.blobPort !== undefined && blobEndpoint !== undefined && String(wishes.blobPort) !== new URL(blobEndpoint).port ? [`with blobs at ${blobEndpoint}`] : []),
    ...(wishes.wellKnownKey === true && !wellKnownKeys ? ['without --well-known-key'] : []),
    ...(wishes.databaseUrl !== undefined && wishes.databaseUrl !== (readExternals(directory).databaseUrl ?? '') ? ['on another database'] : []),
    ...(wishes.ephemeral !== undefined && memoryBytes(wishes.ephemeral) !== directory.memory?.bytes ? [`with its data ${directory.memory === null ? 'on disk' : `in ${directory.memory.bytes} bytes of memory`}`] : []),
    ...(wishes.nodeDir !== undefined && !isBelow(directory.nodes, wishes.nodeDir) ? [`with its nodes in ${directory.nodes}`] : []),
    ...(wishes.logLevel !== undefined && wishes.logLevel !== logLevel ? [`with --log-level ${logLevel}`] : []),
    ...(wishes.maxJobTime !== undefined && wishes.maxJobTime !== options.maxJobTimeMs ? [options.maxJobTimeMs === undefined ? 'without --max-job-time' : `with ${maxJobTimeFlags(options.maxJobTimeMs).join(' ')}`] : []),
    ...(wishes.autoscaleMinInterval !== undefined && wishes.autoscaleMinInterval !== options.autoScaleMinIntervalMs ? [options.autoScaleMinIntervalMs === undefined ? 'without --autoscale-min-interval' : `with ${autoScaleFlags(options.autoScaleMinIntervalMs).join(' ')}`] : []),
    ...(wishes.webhookPrivate === true && options.webhookPrivate !== true ? ['without --webhook-private'] : []),
    ...(wishes.sizes !== undefined && wishes.sizes !== options.sizesFile ? [options.sizesFile === undefined ? 'without --sizes' : `with ${sizesFlags(options.sizesFile).join(' ')}`] : []),
    ...(wishes.hostSuffix !== undefined && wishes.hostSuffix !== options.hostSuffix ? [options.hostSuffix === undefined ? 'without --host-suffix' : `with ${hostSuffixFlags(options.hostSuffix).join(' ')}`] : []),
    ...(wishes.issuer !== undefined && !sameIssuers(wishes.issuer, options.issuers ?? []) ? [options.issuers === undefined ? 'without --issuer' : `with ${issuerFlags(options.issuers).join(' ')}`] : []),
    ...otherRegion(wishes, options),
    ...otherSeveral(wishes, options),
    ...otherKey(directory, wishes),
    ...(wishes.clock !== undefined && wishes.clock !== clockOf(directory) ? [`with a ${clockOf(directory)} clock`] : []),
    ...(sameNodes(decideNodes(wishes, options.nodes), decideNodes({}, options.nodes)) ? [] : [`with ${nodeFlags(decideNodes({}, options.nodes)).join(' ') || 'nodes as by default'}`]),
    ...(sameArchive(decideArchive(wishes, options.archive), archive) ? [] : [`with ${archiveFlags(archive).join(' ')}`]),
    ...(sameSilence(decideSilence(wishes, options.silence), silence) ? [] : [silenceFlags(silence).join(' ').replace(/^/, 'with ')]),
  ];
  if (differences.length === 0) return;
  throw new CommandError(EXIT.failure, `the service of ${directory.root} already runs, ${differences.join(' and ')}: end it with linarite down first`);
}

function otherKey(directory: DataDirectory, { clusterKeyFile }: Wishes): string[] {
  const { clusterKey } = readExternals(directory);
  const wanted = clusterKeyFile === undefined ? undefined : givenClusterKey(clusterKeyFile);
  return wanted === undefined || wanted === clusterKey ? [] : [clusterKey === undefined ? 'alone on its database' : 'with another cluster key'];
}

function clockOf({ clockFile }: DataDirectory): ClockKind {
  return clockFile === null ? 'real' : 'virtual';
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${resolve(directory)}/`);
}

/** How the next service runs. */
export interface Decision {
  readonly directory: DataDirectory;
  readonly options: ServiceOptions;
  /** Takes back the secrets that were kept for a service which then did not start. */
  readonly undo: () => void;
}

/**
 * Takes the data directory, fixes how the next service runs, and keeps what of it is secret. Throws `CommandError` when
 * one runs. A process that `startDetached` made is told all by its starter and keeps nothing: it was given no secrets.
 */
export async function decideOptions(path: string, wishes: Wishes): Promise<Decision> {
  const layout = layoutOf(wishes);
  if (wishes.sizes !== undefined) readSizesFile(wishes.sizes);
  if (wishes.images !== undefined) await readImagesFile(wishes.images);
  if (wishes.providers !== undefined) await readProvidersFile(wishes.providers);
  if (wishes.lowPriorityCapacity !== undefined) readCapacityFile(wishes.lowPriorityCapacity);
  const directory = claimDataDirectory(path, layout);
  // A record without its service: it was killed, so it comes back as it was.
  const former = readRecord(directory)?.options;
  const autoScaleMinIntervalMs = wishes.autoscaleMinInterval ?? former?.autoScaleMinIntervalMs;
  const webhookPrivate = wishes.webhookPrivate ?? former?.webhookPrivate;
  const sizesFile = wishes.sizes ?? former?.sizesFile;
  const issuers = wishes.issuer ?? former?.issuers;
  const hostSuffix = wishes.hostSuffix ?? former?.hostSuffix;
  const maxJobTimeMs = wishes.maxJobTime ?? former?.maxJobTimeMs;
  const given = {
    databaseUrl: wishes.databaseUrl ?? process.env['LINARITE_DATABASE_URL'],
    storageConnectionString: process.env['LINARITE_STORAGE_CONNECTION_STRING'],
    clusterKey: givenClusterKey(wishes.clusterKeyFile),
  };
  refuseSharedClock(directory, given.databaseUrl);
  return {
    directory,
    options: {
      port: wishes.port ?? former?.port ?? DEFAULT_PORT,
      host: wishes.host ?? former?.host ?? DEFAULT_HOST,
      wellKnownKey: wishes.wellKnownKey ?? former?.wellKnownKey ?? false,
      ...(wishes.blobPort === undefined ? {} : { blobPort: wishes.blobPort }),
      silence: decideSilence(wishes, former?.silence),
      nodes: decideNodes(wishes, former?.nodes),
      archive: decideArchive(wishes, former?.archive),
      logLevel: wishes.logLevel ?? former?.logLevel ?? DEFAULT_LOG_LEVEL,
      ...(maxJobTimeMs === undefined ? {} : { maxJobTimeMs }),
      ...(autoScaleMinIntervalMs === undefined ? {} : { autoScaleMinIntervalMs }),
      ...(webhookPrivate === true ? { webhookPrivate } : {}),
      ...(sizesFile === undefined ? {} : { sizesFile }),
      ...(issuers === undefined ? {} : { issuers }),
      ...(hostSuffix === undefined ? {} : { hostSuffix }),
      ...decideRegion(wishes, former),
      ...decideSeveral(wishes, former),
    },
    undo: isDetached() ? () => undefined : keepExternals(directory, given),
  };
}

/**
 * What is asked for before anything is made. Throws `CommandError` for a data directory in memory whose database is
 * elsewhere.
 */
function layoutOf({ ephemeral, nodeDir, sharedNodeDir, databaseUrl, clock }: Wishes): Layout {
  const elsewhere = databaseUrl || process.env['LINARITE_DATABASE_URL'] || process.env['LINARITE_STORAGE_CONNECTION_STRING'];
  if (ephemeral !== undefined && elsewhere) {
    throw new CommandError(EXIT.usage, '--ephemeral keeps database and blobs in memory: it goes with no database or storage account that is given');
  }
  if (clock === 'virtual' && (databaseUrl || process.env['LINARITE_DATABASE_URL'])) throw new CommandError(EXIT.usage, NO_SHARED_CLOCK);
  return {
    ...(ephemeral === undefined ? {} : { memoryBytes: memoryBytes(ephemeral) }),
    ...(nodeDir === undefined ? {} : { nodeDirectory: nodeDir }),
    ...(sharedNodeDir === undefined ? {} : { sharedNodeDirectory: sharedNodeDir }),
    ...(clock === undefined ? {} : { clock }),
  };
}

/** The clock stands in the data directory: a database that is elsewhere may be another service's, too. */
function refuseSharedClock(directory: DataDirectory, databaseUrl: string | undefined): void {
  if (clockOf(directory) === 'virtual' && (databaseUrl ?? readExternals(directory).databaseUrl)) throw new CommandError(EXIT.usage, NO_SHARED_CLOCK);
}

const NO_SHARED_CLOCK = 'a virtual clock goes with the embedded database alone: leave out --database-url and LINARITE_DATABASE_URL, or --clock virtual';

/**
 * Starts a service as a process of its own and returns when it is ready. Throws `CommandError` with what kept it from
 * it.
 */
export async function startDetached(path: string, wishes: Wishes): Promise<ServiceRecord> {
  // Who ends the starter means the service. Listened to before the directory is taken, since whoever holds it may be
  // ended.
  let child: ChildProcess | undefined;
  const interrupted = (): void => void child?.kill('SIGTERM');
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    const decision = await decideOptions(path, wishes);
    const outputFile = join(decision.directory.logs, 'output.log');
    child = spawnService(decision, outputFile, wishes.seed);
    return await untilReady(child, decision, outputFile);
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

function spawnService({ directory, options }: Decision, outputFile: string, seed: string | undefined): ChildProcess {
  moveIfLong(outputFile);
  const output = openSync(outputFile, 'a', 0o600);
  const flags = [
    '--data-dir',
    directory.root,
    '--port',
    String(options.port),
    '--host',
    options.host,
    ...(options.wellKnownKey ? ['--well-known-key'] : []),
    ...(options.blobPort === undefined ? [] : ['--blob-port', String(options.blobPort)]),
    ...silenceFlags(decideSilence({}, options.silence)),
    ...archiveFlags(decideArchive({}, options.archive)),
    ...(options.logLevel === undefined ? [] : ['--log-level', options.logLevel]),
    ...maxJobTimeFlags(options.maxJobTimeMs),
    ...issuerFlags(options.issuers ?? []),
    ...hostSuffixFlags(options.hostSuffix),
    ...regionFlags(options),
    ...severalFlags(options),
    ...autoScaleFlags(options.autoScaleMinIntervalMs),
    ...webhookFlags(options.webhookPrivate),
    ...sizesFlags(options.sizesFile),
    ...clockFlags(clockOf(directory)),
    ...nodeFlags(decideNodes({}, options.nodes)),
    ...(seed === undefined ? [] : ['--seed', resolve(seed)]),
  ];
  const child = spawn(process.execPath, [...nodeArguments(siblingModule(import.meta.url, '../main')), 'up', ...flags], {
    cwd: directory.root,
    detached: true,
    env: detachedEnvironment(),
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  return child;
}

async function untilReady(child: ChildProcess, { directory, undo }: Decision, outputFile: string): Promise<ServiceRecord> {
  const message = await new Promise<StartMessage>((resolve) => {
    child.once('message', (received) => resolve(isStartMessage(received) ? received : failed('it talks nonsense')));
    child.once('error', (error) => resolve(failed(error.message)));
    child.once('exit', () => resolve(failed(`it ended; see ${outputFile}:\n${lastLines(readFileSync(outputFile, 'utf8'), SHOWN_LINES).join('\n')}`)));
  });
  if (message.kind === 'failed') {
    // Until it is gone it holds the data directory: whoever tries again at once would meet it.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    undo();
    throw new CommandError(message.exitCode, message.message);
  }
  // Progress, as that of a service that was started in the foreground.
  for (const line of message.seeded ?? []) console.error(line);
  child.disconnect();
  child.unref();
  const record = readRecord(directory);
  if (record === undefined) throw new CommandError(EXIT.failure, `the service was ready and is gone; see ${directory.logs}`);
  return record;
}

/** Whether this process was started by `startDetached`; then it is told here how it went. */
export function tellStarter(message: StartMessage): boolean {
  if (!isDetached() || process.send === undefined) return false;
  process.send(message);
  return true;
}

function isDetached(): boolean {
  return process.env['LINARITE_DETACHED'] === '1' && process.send !== undefined;
}

/** Credentials that were kept already do not stay in the environment of a process that starts others. */
function detachedEnvironment(): NodeJS.ProcessEnv {
  const { LINARITE_DATABASE_URL: _url, LINARITE_STORAGE_CONNECTION_STRING: _storage, LINARITE_CLUSTER_KEY: _key, ...rest } = process.env;
  return { ...rest, LINARITE_DETACHED: '1' };
}

/** A database that was just killed may still stand in the record: so its process is looked at as well. */
function isWhole(record: ServiceRecord): boolean {
  return record.state === 'ready' && [record.database, record.blobs].every((part) => part === undefined || isRunning(part));
}

function failed(message: string): StartMessage {
  return { kind: 'failed', message: `the service did not start: ${message}`, exitCode: EXIT.failure };
}

function isStartMessage(value: unknown): value is StartMessage {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return value.kind === 'ready' || (value.kind === 'failed' && 'message' in value && typeof value.message === 'string' && 'exitCode' in value);
}
