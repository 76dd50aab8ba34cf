import { availableParallelism } from 'node:os';
import { timeText } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import type { NetworkKind } from '../../nodes/provider.ts';
import { isRunning } from '../../processes/identity.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { readClockOffset } from '../service/data/clockFile.ts';
import { type Counts, readCounts, readDrills, readTrouble } from '../service/counts.ts';
import { type DataDirectory, dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { clientEnvironment } from '../service/environment.ts';
import { placeOfDatabase, readExternals } from '../service/externals.ts';
import { type PartRecord, type ServiceRecord, readRecord } from '../service/data/record.ts';
import { livingParts } from '../service/stop.ts';
import type { QuarantineReport } from '../../store/quarantineReport.ts';
import { hint } from '../hint.ts';
import { type Drill, drillLine } from '../drillLine.ts';

export interface StatusOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** What `status --json` prints; undefined members are left out. */
interface Status {
  readonly state: ServiceRecord['state'] | 'stopped' | 'killed';
  /** What a start that takes long is busy with. */
  readonly progress?: string;
  readonly dataDirectory: string;
  /** Where database and nodes lie when not in the data directory. */
  readonly place?: string;
  /** Where the nodes lie when not there either. */
  readonly nodePlace?: string;
  /** Of memory, where all but the lock lies in it. */
  readonly memoryBytes?: number;
  /** Of a virtual clock; undefined: it goes by the machine's. */
  readonly clock?: { readonly aheadMs: number };
  readonly version?: string;
  readonly endpoint?: string;
  readonly managementEndpoint?: string;
  readonly blobEndpoint?: string;
  readonly service?: { readonly pid: number; readonly startedAt: string; readonly uptimeSeconds: number };
  /** `given`: where it is, when it is not ours. */
  readonly database?: { readonly pid?: number; readonly given?: string; readonly restarts?: number; readonly settings?: Readonly<Record<string, string>> };
  readonly blobs?: { readonly pid?: number; readonly given?: string; readonly restarts?: number };
  readonly counts?: Counts;
  /** That run; undefined: none, or the service does not answer. */
  readonly drills?: readonly Drill[];
  /** Processes that a killed service left. */
  readonly leftovers?: readonly string[];
  /** How far nodes are places of their own. */
  readonly isolation?: string;
  /** Whose network they have. */
  readonly network?: NetworkKind;
  readonly containers?: string;
  /** Why the service cannot take requests now, or what will go wrong though it can. */
  readonly trouble?: string;
  readonly limits?: readonly string[];
  /** Of this machine, whatever sizes its nodes have. */
  readonly cores?: number;
  /** Quarantine: what the service failed on, and goes on without; undefined: nothing. */
  readonly quarantine?: QuarantineReport;
}

/** `linarite status`: what runs, where it is, what it cannot guarantee. Exit code 3 when no service runs. */
export async function status(options: StatusOptions): Promise<ExitCode> {
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : readRecord(directory);
  const found = directory === undefined || record === undefined ? stopped(path, directory) : await inspect(directory, record);
  if (options.json === true) console.log(JSON.stringify(found, undefined, 2));
  else console.log(describe(found, options.dataDir).join('\n'));
  return found.state === 'stopped' || found.state === 'killed' ? EXIT.notRunning : EXIT.ok;
}

function stopped(path: string, directory: DataDirectory | undefined): Status {
  const { place = null, nodePlace = null, memory = null, clockFile = null } = directory ?? {};
  return {
    state: 'stopped',
    dataDirectory: path,
    ...(place === null ? {} : { place }),
    ...(nodePlace === null ? {} : { nodePlace }),
    ...(memory === null ? {} : { memoryBytes: memory.bytes }),
    ...(clockFile === null ? {} : { clock: { aheadMs: readClockOffset(clockFile) } }),
  };
}

async function inspect(directory: DataDirectory, record: ServiceRecord): Promise<Status> {
  const base = stopped(directory.root, directory);
  if (!isRunning(record.process)) return { ...base, state: 'killed', version: record.version, leftovers: livingParts(record) };
  const { databaseUrl, storage } = readExternals(directory);
  const [settings, aside, counts, drills = [], trouble] = await Promise.all([
    databaseSettings(directory, databaseUrl),
    quarantine(directory, databaseUrl),
    record.state === 'ready' ? readCounts(clientEnvironment(directory, record)) : undefined,
    record.state === 'ready' ? readDrills(clientEnvironment(directory, record)) : undefined,
    readTrouble(record.endpoint),
  ]);
  const startedAt = Date.parse(record.startedAt);
  return {
    ...base,
    state: record.state,
    ...(record.progress === undefined ? {} : { progress: record.progress }),
    version: record.version,
    endpoint: record.endpoint,
    managementEndpoint: record.managementEndpoint,
    ...(record.blobEndpoint === undefined ? {} : { blobEndpoint: record.blobEndpoint }),
    service: { pid: record.process.pid, startedAt: record.startedAt, uptimeSeconds: Math.round((Date.now() - startedAt) / 1000) },
    database: { ...(databaseUrl === undefined ? partStatus(record.database) : { given: placeOfDatabase(databaseUrl) }), ...(settings === undefined ? {} : { settings }) },
    blobs: storage === undefined ? partStatus(record.blobs) : { given: `the storage account ${storage.accountName}` },
    ...(counts === undefined ? {} : { counts }),
    ...(drills.length === 0 ? {} : { drills }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(aside === undefined ? {} : { quarantine: aside }),
    ...(record.isolation === undefined ? {} : { isolation: record.isolation }),
    ...(record.network === undefined ? {} : { network: record.network }),
    ...(record.containers === undefined ? {} : { containers: record.containers }),
    limits: record.limits,
    cores: availableParallelism(),
  };
}

function partStatus(part: PartRecord | undefined): { pid?: number; restarts?: number } {
  return part !== undefined && isRunning(part) ? { pid: part.pid, restarts: part.restarts } : {};
}

/** Undefined: nothing is in it, or the database does not answer. */
async function quarantine(directory: DataDirectory, databaseUrl: string | undefined): Promise<QuarantineReport | undefined> {
  const embedded = { host: `${directory.database}/socket`, port: 5432, user: 'linarite', database: 'linarite' };
  try {
    const { readQuarantineReport } = await import('../../store/quarantineReport.ts');
    const report = await readQuarantineReport(databaseUrl === undefined ? embedded : { connectionString: databaseUrl });
    return report.count === 0 ? undefined : report;
  } catch {
    return undefined;
  }
}

async function databaseSettings(directory: DataDirectory, databaseUrl: string | undefined): Promise<Record<string, string> | undefined> {
  const embedded = { host: `${directory.database}/socket`, port: 5432, user: 'linarite', database: 'postgres' };
  try {
    // The driver is large, and not needed where nothing runs.
    const { durabilitySettings } = await import('../../store/embedded/databases.ts');
    return await durabilitySettings(databaseUrl === undefined ? embedded : { connectionString: databaseUrl });
  } catch {
    return undefined;
  }
}

function describe(found: Status, dataDir: string | undefined): string[] {
  const what = found.memoryBytes === undefined ? 'database, nodes ' : 'in memory       ';
  const place = [
    ...(found.place === undefined ? [] : [`  ${what} ${found.place}`]),
    ...(found.nodePlace === undefined ? [] : [`  nodes            ${found.nodePlace}`]),
  ];
  const data = [`  data             ${found.dataDirectory}`, ...place, ...(found.clock === undefined ? [] : [`  clock            ${clockText(found.clock.aheadMs)}`])];
  if (found.state === 'stopped') return [`not running; start it with ${hint('up', dataDir)}`, ...data];
  if (found.state === 'killed') {
    const alive = found.leftovers === undefined || found.leftovers.length === 0 ? '' : `; still there: ${found.leftovers.join(', ')}`;
    return [`the service was killed${alive}; ${hint('up', dataDir)} brings it back, ${hint('down', dataDir)} ends what is left`, ...data];
  }
  const { service, counts, database, blobs } = found;
  return [
    `linarite ${found.version ?? ''} is ${found.state}, process ${service?.pid ?? ''}, for ${duration(service?.uptimeSeconds ?? 0)}`,
    ...(found.progress === undefined ? [] : [`  it               ${found.progress}`]),
    `  batch            ${found.endpoint ?? ''}  (TLS on the same port: ${found.managementEndpoint ?? ''})`,
    `  blobs            ${found.blobEndpoint ?? ''}  ${processOf(blobs)}`,
    `  PostgreSQL       ${processOf(database)}${database?.settings?.['server_version'] === undefined ? ', does not answer' : `, version ${database.settings['server_version']}`}`,
    ...data,
    ...(counts === undefined ? [] : [`  holds            ${counted(counts.pools, 'pool')} with ${counted(counts.nodes, 'node')}, ${counted(counts.jobs, 'job')}${counts.more ? ' or more' : ''}`]),
    ...(found.drills ?? []).map((drill) => `  drill            ${drillLine(drill)}`),
    ...(found.trouble === undefined ? [] : [`  trouble          ${found.trouble}`]),
    ...inQuarantine(found.quarantine),
    `  machine          ${counted(found.cores ?? 0, 'core')}, whatever the sizes of the nodes say; quotas: linarite account show`,
    ...(found.isolation === undefined ? [] : [`  nodes            ${ISOLATION_WORDS[found.isolation] ?? found.isolation}`]),
    ...(found.network === undefined ? [] : [`                   ${NETWORK_WORDS[found.network]}`]),
    ...(found.containers === undefined ? [] : [`  containers       ${found.containers}`]),
    ...(found.limits ?? []).map((limit, index) => `  ${index === 0 ? 'not guaranteed' : '              '}   ${limit}`),
  ];
}

/** `virtual, 7 d ahead: 2026-12-07T07:14:31.439Z`; docs/clock.md. */
function clockText(aheadMs: number): string {
  return `virtual, ${timeText(aheadMs)} ahead: ${new Date(Date.now() + aheadMs).toISOString()}`;
}

function inQuarantine(report: QuarantineReport | undefined): string[] {
  if (report === undefined) return [];
  const more = report.count - report.first.length;
  const named = report.first.map(({ what, error }, index) => `  ${index === 0 ? 'quarantine    ' : '              '}   ${what}: ${error}`);
  return [...named, ...(more === 0 ? [] : [`                   and ${more} more`]), '                   the service failed on these and goes on without them: docs/operations.md says what to do'];
}

/** How far a node is a place of its own (docs/compatibility.md, "nodes"). */
const ISOLATION_WORDS: Readonly<Record<string, string>> = {
  overlays: 'isolated by overlays: each has its own mounts, users, host name and system directories',
  binds: 'isolated by binds: each has its own mounts, users and host name, and shares the system directories',
  none: 'not isolated: they share mounts, users and system directories with this machine',
};

/** See docs/isolation.md. */
const NETWORK_WORDS: Readonly<Record<NetworkKind, string>> = {
  own: 'with networks of their own: they reach the service and blobs, and each other where their pool has inter-node communication',
  machine: 'in the network of this machine, with loopback addresses of their own: nothing keeps it from them, and them apart',
};

function processOf(part: Status['blobs']): string {
  if (part?.given !== undefined) return `given: ${part.given}`;
  if (part?.pid === undefined) return 'not running, being started';
  return `process ${part.pid}${part.restarts === undefined || part.restarts === 0 ? '' : `, started again (${part.restarts})`}`;
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
