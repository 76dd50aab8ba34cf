import { randomUUID } from 'node:crypto';
import { codeOf, messageOf } from '../../../base/errors.ts';
import { accountAddresses } from './accountAddresses.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { reachDatabase, startDatabase, startStorage, storageLimits } from './children.ts';
import { claimDataDirectory } from '../data/claim.ts';
import { Cleanups } from './cleanups.ts';
import type { Composition } from './composition.ts';
import { type Externals, readExternals } from '../externals.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { openFront } from './front.ts';
import { provideKeys, type ServiceKeys, usesWellKnownKeys } from '../data/keys.ts';
import { machineLimits } from './limits.ts';
import type { LogFormat } from '../log/format.ts';
import { openLog } from '../log/log.ts';
import { memoryLimits } from '../data/memory.ts';
import type { ApiPart, Parts, ServiceContext } from './parts.ts';
import { freeForDatabase, Rooms, watchRooms } from '../data/rooms.ts';
import { type ServiceOptions, type ServiceRecord, readRecord, removeRecord, writeRecord } from '../data/record.ts';
import { RecordKeeper } from '../data/recordKeeper.ts';
import { decideArchive } from '../archiveOptions.ts';
import { decideNodes } from '../nodeOptions.ts';
import { providersFor } from '../providers/read.ts';
import { decideRegion } from '../regionOptions.ts';
import { decideSeveral } from '../several/severalOptions.ts';
import { decideSilence } from '../silenceOptions.ts';
import { serviceTime } from './time.ts';

/** `end`: agents and their tasks end too (`down`). `leave`: they go on without us (`restart`). */
export type AgentsFate = 'end' | 'leave';

/** A service in this process. */
export interface Service {
  record(): ServiceRecord;
  /** Ends it; the first call decides on the agents. */
  stop(agents: AgentsFate): Promise<void>;
}

/** What goes with a start. */
export interface Starting {
  /** Gives up between two steps. */
  readonly signal: AbortSignal;
  /**
   * What is done once all parts work and before anyone is served. Where it rejects the service ends with its agents.
   */
  readonly beforeReady?: (api: ApiPart) => Promise<void>;
  /** In which form the log goes to standard error as well. */
  readonly logFormat?: LogFormat | undefined;
}

/**
 * Runs a service on a data directory and returns when it is ready: lock -> port (answers 503) -> database and
 * migrations beside blob server -> owner -> API. Throws `CommandError` where the
 * user can do something; what was started by then is ended.
 */
export async function runService(path: string, options: ServiceOptions, parts: Parts, { signal, beforeReady, logFormat }: Starting): Promise<Service> {
  const directory = claimDataDirectory(path);
  const { log, close: closeLog } = openLog(directory, options.logLevel, logFormat);
  const cleanups = new Cleanups(log);
  cleanups.add('log', closeLog);
  const providers = await providersFor(directory, decideNodes({}, options.nodes)).catch(async (error: unknown) => {
    await cleanups.run();
    throw error;
  });
  const externals = readExternals(directory);
  const keys = await keysOf(directory, options, externals, parts).catch(async (error: unknown) => {
    log.error({ reason: messageOf(error) }, 'the service does not start');
    await cleanups.run();
    throw asCommandError(error);
  });
  const composition = {
    directory,
    options,
    externals,
    keys,
    log,
    cleanups,
    record: new RecordKeeper(directory, options, keys.wellKnown),
    rooms: new Rooms(directory, log),
    providers,
    troubles: [],
  };
  let fate: AgentsFate = 'leave';
  let stopping: Promise<void> | undefined;
  const former = readRecord(directory);
  // Who stays away for good leaves nothing to come back to; who is followed by another leaves how it was asked to run.
  let leaveRecord = (): void => (former === undefined ? removeRecord(directory) : writeRecord(directory, former));
  cleanups.add('record', () => leaveRecord());
  try {
    await compose(composition, parts, signal, {
      fate: () => fate,
      beforeReady: async (api) => {
        await beforeReady?.(api).catch((error: unknown) => {
          fate = 'end';
          throw error;
        });
      },
    });
    leaveRecord = () => (fate === 'end' ? removeRecord(directory) : undefined);
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'the service does not start');
    await cleanups.run();
    throw asCommandError(error);
  }
  return {
    record: () => composition.record.current(),
    stop: (agents) => {
      if (stopping === undefined) {
        fate = agents;
        log.info({ agents }, 'stopping');
        composition.record.change('stopping');
        stopping = cleanups.run();
      }
      return stopping;
    },
  };
}

/** Those of the data directory; where several processes share a database, it has theirs from here on. */
async function keysOf(directory: DataDirectory, { host, wellKnownKey: insist }: ServiceOptions, { databaseUrl, clusterKey }: Externals, parts: Parts): Promise<ServiceKeys> {
  const wellKnown = usesWellKnownKeys({ host, insist });
  if (clusterKey === undefined || databaseUrl === undefined) return provideKeys(directory.keys, wellKnown);
  await parts.migrate(await reachDatabase(databaseUrl), {});
  const { joinCluster } = await import('../several/join.ts');
  const joined = await joinCluster({ databaseUrl, clusterKey, directory, wellKnown, insists: insist });
  return provideKeys(directory.keys, joined.wellKnown);
}

/**
 * Each step adds how it is ended; ended is in the opposite order, so the owner says good-bye to its agents while the
 * port is open.
 */
async function compose(composition: Composition, parts: Parts, signal: AbortSignal, { fate, beforeReady }: { readonly fate: () => AgentsFate; readonly beforeReady: (api: ApiPart) => Promise<void> }): Promise<void> {
  const { directory, keys, log, cleanups, record, rooms, providers, troubles } = composition;
  const front = await openFront(composition);
  cleanups.add('port', () => front.close());
  record.listens(front.port);

  rooms.whenSeen(() => record.writeAgain());
  cleanups.add('look at the room', watchRooms(rooms));

  const { endpoint } = record.current();
  const agentUrl = `${endpoint.replace('http', 'ws')}/linarite/agent`;
  const trouble = (): string | null => rooms.trouble() ?? troubles.map((look) => look()).find((found) => found !== null) ?? null;
  const warning = (): string | null => rooms.warning();
  const addresses = accountAddresses(front, composition.options);
  const silence = decideSilence({}, composition.options.silence);

  const starting = startDatabase(composition);
  const say = (progress: string): void => {
    log.info({ progress }, 'migrating');
    record.does(progress);
  };
  const migrating = starting.then((connection) => parts.migrate(connection, { keys, say, ...(composition.externals.databaseUrl === undefined ? { freeBytes: () => freeForDatabase(directory) } : {}) }));
  const storing = startStorage(composition, starting).then((storage) => {
    signal.throwIfAborted();
    return storage;
  });
  const contextMade = starting.then((connection): ServiceContext => ({ trouble, warning, processId: randomUUID(), directory, keys, connection, host: composition.options.host, endpoint, agentUrl, addresses, silence, maxJobTimeMs: composition.options.maxJobTimeMs ?? null, issuers: composition.options.issuers ?? [], region: decideRegion({}, composition.options), clusterKey: composition.externals.clusterKey, several: decideSeveral({}, composition.options), autoScaleMinIntervalMs: composition.options.autoScaleMinIntervalMs, webhookPrivate: composition.options.webhookPrivate === true, nodes: decideNodes({}, composition.options.nodes), providers, archive: decideArchive({}, composition.options.archive), time: serviceTime(directory), log }));
  // The blob server takes longest: the owner is made meanwhile.
  const owning = migrating.then(async () => parts.startOwner(await contextMade, storing));
  // What was begun is waited for, so that it can be ended, even if something else has failed.
  const [outcome] = await Promise.allSettled([owning, starting, migrating, storing, contextMade]);
  let api: ApiPart | undefined;
  cleanups.add('API', () => api?.stop());
  cleanups.add('port', () => front.close());
  if (outcome.status === 'fulfilled') cleanups.add('owner', () => outcome.value.stop(fate()));
  await starting;
  await migrating;
  await storing;
  const owner = await owning;
  rooms.whenSeen(() => owner.roomSeen());
  signal.throwIfAborted();
  api = await parts.startApi(await contextMade, owner);
  signal.throwIfAborted();
  await beforeReady(api);
  front.serve(api);
  record.limits = [...new Set([...(await machineLimits(composition.options)), ...owner.limits, ...storageLimits(composition), ...memoryLimits(directory)])];
  record.isolation = owner.isolation;
  record.network = owner.network;
  record.change('ready');
  log.info({ endpoint }, 'ready');
  void owner.containers().then((support) => record.learnContainers(support));
}

/**
 * What a user can do something about. Newer data is the same to a user wherever it is found: `PostgresVersionError`,
 * `NewerDatabase`. Known by their code, since their modules are loaded only where they are needed.
 */
function asCommandError(error: unknown): unknown {
  switch (codeOf(error)) {
    case 'NEWER_DATA':
      return new CommandError(EXIT.newerData, messageOf(error));
    case 'NO_ROOM_TO_MIGRATE':
    case 'OTHER_REGION':
      return new CommandError(EXIT.failure, messageOf(error));
    default:
      return error;
  }
}
