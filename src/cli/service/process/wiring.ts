import { hostname } from 'node:os';
import { join } from 'node:path';
import { Accounts } from '../../../api/accounts.ts';
import { blobHost, HOST_SUFFIX } from '../../../api/hostNames.ts';
import { createSealing } from '../../../store/sealing.ts';
import { createApi } from '../../../api/server.ts';
import { createOutsideIssuers } from '../../../api/identity/outsideIssuers.ts';
import { createTokens } from '../../../api/identity/tokens.ts';
import { createFileTransfers } from '../../../api/fileTransfers.ts';
import { isTracingAsked } from '../../../api/tracing/port.ts';
import type { BlobAccount } from '../../../blobs/account.ts';
import type { StorageAccounts } from '../../../blobs/accounts.ts';
import { settableClock } from '../../../control/clockAdvance.ts';
import { CommitListeners } from '../../../control/commits.ts';
import { Counting, type TurnFigures } from '../../../control/figures/counted.ts';
import { timedStore } from '../../../control/figures/timedStore.ts';
import { nodeCredentials } from '../../../control/credentials.ts';
import { taskTokens } from '../../../control/taskTokens.ts';
import { runHeartbeat } from '../../../control/heartbeat.ts';
import { withJobTimeCap } from '../../../control/jobTimeCap.ts';
import { MACHINE_TIME } from '../../../control/loop.ts';
import { nodeFiles, nodeRequests } from '../../../control/nodeFiles.ts';
import { withSubscriptionCores } from '../../../control/subscriptionCores.ts';
import { Owners } from '../../../control/owners.ts';
import type { StoryLine } from '../../../control/story/line.ts';
import { messageOf } from '../../../base/errors.ts';
import { createCore } from '../../../core/core.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { Capabilities, ClosableProvider } from '../../../nodes/provider.ts';
import { connect } from '../../../store/connect.ts';
import { ensureAccount, listAccounts, type AccountRow } from '../../../store/intents/accounts.ts';
import { grantSubscriptionCores } from '../../../store/intents/subscriptionCores.ts';
import { sealStored } from '../../../store/sealStored.ts';
import { startMaintenance } from '../../../store/maintain.ts';
import { postgresLogArchive } from '../../../store/logArchive.ts';
import { migrate } from '../../../store/migrate.ts';
import { forgetProcesses } from '../../../store/owner/claim.ts';
import { AGENT_LEASE_MS } from '../../../store/ownerStore.ts';
import type { AccountHost } from '../../../ports.ts';
import { postgresOwnerStore } from '../../../store/owner/store.ts';
import { readIfThere } from '../../files.ts';
import { imagesFor } from '../imagesFile.ts';
import { LEAVE_GRACE_MS, localNodes, type LocalNodesOptions } from '../agents.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { isLoopback } from '../../../processes/machine.ts';
import { AccountOwners } from './accountOwners.ts';
import { defaultQuotas } from './defaultQuotas.ts';
import { makeProviders, remoteService, serviceAddress } from '../providers/make.ts';
import { simulationThreads } from '../simulations/threads.ts';
import { accountsOf, managementOptions } from './management.ts';
import type { OwnerPart, Parts, ServiceContext } from './parts.ts';
import { LOCAL } from '../providers/file.ts';
import { sharedSigningKeys } from '../several/join.ts';
import { createSeveral, ownedHere } from '../several/part.ts';
import { internalUrlOf } from '../several/severalOptions.ts';
import { signerOf } from './signer.ts';
import { releaseVersion } from '../../version.ts';

/** Where a service's nodes come from; `say`: what could not be cleared away of one. */
type NodesOf = (directory: DataDirectory, options: LocalNodesOptions) => ClosableProvider;

/** The parts that a service really runs with; benches put other nodes in the place of this machine's. */
export function createParts(nodesOf: NodesOf = localNodes): Parts {
  const transfers = createFileTransfers();
  return {
    migrate: async (connection, { keys, ...options }) => {
      const pool = connect(connection, 'migration');
      try {
        await migrate(pool, options);
        if (keys !== undefined) await sealStored(pool, createSealing(keys.nodeSecret));
      } finally {
        await pool.end();
      }
    },
    startOwner: (context, storing) => startOwner(context, storing, transfers, nodesOf),
    startApi: async (context, owner) => {
      const { connection, keys, endpoint, addresses, trouble, warning, autoScaleMinIntervalMs, nodes, time: { clock, wallClock }, clusterKey, log } = context;
      const database = connect(connection, 'api');
      const sealing = createSealing(keys.nodeSecret);
      const all = await accountsOf(database, keys, sealing);
      const accounts = new Accounts(all);
      const { host, ...ports } = owner.ports;
      const identity = { tokens: createTokens({ keyFile: clusterKey === undefined ? keys.signingKeyFile : sharedSigningKeys(database, clusterKey), outside: createOutsideIssuers(context.issuers, { monotonic: MACHINE_TIME.now }) }), operatorSecret: keys.operatorSecret, isSecretKnown: keys.wellKnown };
      const tracing = isTracingAsked(process.env) ? (await import('../../../api/tracing/tracing.ts')).startTracing({ env: process.env, version: releaseVersion(), commits: owner.ports.commits, log }) : undefined;
      const { several } = owner;
      const api = createApi({ database, ...(several === null ? {} : { several }), tracing, webhooks: { process: context.processId, mayBePrivate: context.webhookPrivate }, autoScaleMinIntervalMs, preemptionGraceMs: nodes.preemptionGraceMs, quotas: defaultQuotas(context.host), simulations: simulationThreads(), ...ports, transfers, accounts, management: managementOptions({ host, sealing, addresses, port: new URL(endpoint).port, region: context.region }), tokens: taskTokens(keys.nodeSecret), identity, origin: { suffix: addresses.suffix ?? HOST_SUFFIX, names: [context.host, hostname()].map((name) => name.toLowerCase()) }, clock, wallClock, log, trouble: () => trouble() ?? owner.trouble(), warning });
      const first = accounts.named(keys.batch.name);
      if (first === undefined) throw new Error(`the account ${keys.batch.name} is not there`);
      if (several !== null) {
        const refresh = async (): Promise<void> => {
          await api.refresh(() => accountsOf(database, keys, sealing));
          for (const name of accounts.names()) {
            const account = accounts.named(name);
            if (account !== undefined && account !== first) await addresses.open(account.number);
          }
        };
        several.refreshWith(refresh);
        accounts.lookWith(refresh);
      }
      await api.resume(first);
      const goingOn = several === null ? undefined : setInterval(() => {
        api.goOn().catch((error: unknown) => log.warn({ error }, 'what other processes had begun could not be looked at now'));
      }, GO_ON_EVERY_MS);
      return {
        onRequest: api.handler,
        onUpgrade: api.upgrade,
        leave: () => api.leave(),
        seed: (document, signal) => api.seed(document, { dryRun: false, update: false }, { account: first, baseUrl: endpoint, signal }),
        stop: async () => {
          clearInterval(goingOn);
          api.close();
          await several?.close();
          await tracing?.close();
          await database.end();
        },
      };
    },
  };
}

/** How soon what a process had begun is gone on with when it has ended. */
const GO_ON_EVERY_MS = 10_000;

/** An account's storage, whichever it uses at the time. */
function workplace(storages: StorageAccounts, account: AccountNumber): Pick<BlobAccount, 'createContainer' | 'deleteBlob' | 'grant'> {
  return {
    createContainer: (container) => storages.workplaceOf(account).createContainer(container),
    deleteBlob: (container, blob) => storages.workplaceOf(account).deleteBlob(container, blob),
    grant: (grant) => storages.workplaceOf(account).grant(grant),
  };
}

/** null: it is none of this machine. */
function localUrl(url: string): string | null {
  return isLoopback(new URL(url).hostname) ? url : null;
}

async function startOwner(context: ServiceContext, storing: Promise<StorageAccounts>, transfers: ReturnType<typeof createFileTransfers>, nodesOf: NodesOf): Promise<OwnerPart> {
  const { connection, keys, directory, processId, host, endpoint, agentUrl, addresses, silence, maxJobTimeMs, nodes, providers, region, archive, time, clusterKey, several, log } = context;
  const { clock, wallClock, virtual } = time;
  const internalUrl = internalUrlOf(several, { host, endpoint, name: hostname() });
  const quotas = defaultQuotas(host);
  const say = (message: string): void => log.warn({ reason: message }, 'something of a node is left');
  const local = nodesOf(directory, { ...nodes, images: await imagesFor(directory, nodes), blobsUrl: async () => localUrl((await storing).first.endpoint), publicAddress: host, say });
  const engines = providers === null ? local : await makeProviders(providers, { directory, service: remoteService(serviceAddress(providers, host, Number(new URL(endpoint).port)), directory, keys.nodeSecret), local, say });
  // What this machine can do is tried out beside the rest.
  const probing = engines.probe();
  probing.catch(() => {});
  const pool = connect(connection, 'owner');
  const { subscriptionCores } = region;
  const provider = subscriptionCores === undefined ? engines : withSubscriptionCores(engines, subscriptionCores, (asked) => grantSubscriptionCores(pool, asked, subscriptionCores));
  const stored = postgresOwnerStore(pool);
  const store = maxJobTimeMs === null ? stored : withJobTimeCap(stored, maxJobTimeMs);
  const prepare = async (): Promise<{ accounts: readonly AccountRow[]; capabilities: Capabilities; storages: StorageAccounts }> => {
    await ensureAccount(pool, keys.batch.name, clock());
    // The embedded database is ours alone, and so is the lock of its data directory: whoever was registered is dead.
    if (!('connectionString' in connection)) await forgetProcesses(pool);
    return { accounts: await listAccounts(pool), capabilities: await probing, storages: await storing };
  };
  const { accounts, capabilities, storages } = await prepare().catch(async (error: unknown) => {
    await Promise.allSettled([provider.close(), pool.end()]);
    throw error;
  });
  const owners = new Owners({
    // Agents and tasks go on; `up` starts a service that loads what was committed.
    onFault: (fault) => {
      log.fatal({ error: fault }, 'a fault of ours: the process ends');
      log.flush();
      process.abort();
    },
    // Nobody here would work for clients any more: better no service than one that takes what it cannot do.
    onDeposed: () => {
      log.fatal('another process has the account: the process ends');
      log.flush();
      process.exit(1);
    },
    goesOn: clusterKey !== undefined,
    log,
  });
  const commits = new CommitListeners(log);
  const counting = new Counting();
  const onError = (error: unknown): void => log.warn({ error }, 'the owner cannot work now');
  const shared = {
    process: processId,
    processUrl: internalUrl,
    ...(clusterKey === undefined ? {} : { agentLeaseMs: AGENT_LEASE_MS }),
    agentUrl,
    store: timedStore(store, MACHINE_TIME.now, (ms) => counting.commit(ms)),
    onTurn: (turn: TurnFigures) => counting.turn(turn),
    provider,
    createCore,
    credentials: nodeCredentials(keys.nodeSecret),
    tokens: taskTokens(keys.nodeSecret),
    secrets: createSealing(keys.nodeSecret),
    clock,
    ...(virtual === null ? {} : { clockOffsetMs: () => virtual.offsetMs }),
    monotonic: MACHINE_TIME.now,
    random: Math.random,
    blobNames: {
      hosts: () => (storages.isOurs ? storages.all().map(({ accountName }) => blobHost(accountName, addresses.suffix ?? HOST_SUFFIX)) : []),
      authority: () => readIfThere(join(directory.certificates, 'ca.pem')) ?? null,
    },
    ...(quotas.pools === null ? {} : { maxPools: quotas.pools }),
    silence,
    log,
    story: { tasks: log.isLevelEnabled('debug'), tell: ({ level, fields, message }: StoryLine) => log[level](fields, message) },
  };
  const opened = new AccountOwners({ shared, endpoint: several.publicUrl ?? endpoint, owners, commits, counting, time: MACHINE_TIME, onError, onOwned: (name, url) => log.warn({ account: name, url }, 'the account is still owned by another process') });
  const open = ({ number, name }: { readonly number: AccountNumber; readonly name: string }, patienceMs?: number): Promise<void> =>
    opened.open({ number, name, sign: signerOf(storages, number, wallClock), archive: { store: postgresLogArchive(pool), storage: workplace(storages, number), settings: archive, wallClock } }, patienceMs);
  const accountHost: AccountHost = {
    open: async (account) => {
      await open(account);
      await addresses.open(account.number);
    },
    close: async (account) => {
      await opened.close(account, LEAVE_GRACE_MS);
      await addresses.close(account);
    },
  };
  const ownerHere = clusterKey === undefined ? (number: AccountNumber) => owners.of(number) : ownedHere(owners);
  const here = { wake: owners, explanations: owners.explanations, files: nodeFiles(ownerHere, transfers), nodeRequests: nodeRequests(ownerHere), commits, host: accountHost };
  const part =
    clusterKey === undefined
      ? null
      : createSeveral({
          connection,
          clusterKey,
          process: processId,
          url: internalUrl,
          directory,
          hasLocalNodes: providers === null || providers.byDefault === LOCAL || providers.rules.some((rule) => rule.provider === LOCAL),
          owners,
          local: here,
          claim: (account) => open(account, 0),
          give: (account) => opened.give(account),
          credentials: nodeCredentials(keys.nodeSecret),
          log,
        });
  if (part === null) await Promise.all(
    accounts.map(async ({ account: number, name }) => {
      if (name === keys.batch.name) return open({ number, name });
      // What keeps one account from being loaded keeps it from no other.
      await open({ number, name }).catch((error: unknown) => log.error({ error, account: name }, 'an account could not be opened'));
      await addresses.open(number);
    }),
  );
  const heartbeat = runHeartbeat({ owners: () => owners.living(), store, process: processId, always: part !== null }, MACHINE_TIME, onError);
  const [first] = accounts;
  if (part !== null && first !== undefined) {
    await part.start(first.account);
    await Promise.all(accounts.slice(1).map(({ account }) => addresses.open(account)));
  }
  const maintenance = startMaintenance(pool, { clock, log, ...(part === null ? {} : { isOurs: () => part.isFirst }) });
  return {
    ports: {
      ...(part?.ports ?? here),
      figures: { counted: counting, accounts: () => owners.figures() },
      door: owners,
      storages,
      settableClock: virtual === null ? null : settableClock(virtual, () => owners.living()),
    },
    limits: capabilities.limits,
    ...(capabilities.network === undefined ? {} : { network: capabilities.network }),
    ...(capabilities.isolation === undefined ? {} : { isolation: capabilities.isolation }),
    containers: () => (provider.containers?.() ?? Promise.resolve({ engine: null, limits: [] })).catch((error: unknown) => ({ engine: null, limits: [`No containers: ${messageOf(error)}.`] })),
    trouble: () => opened.trouble(),
    roomSeen: () => opened.roomSeen(),
    several: part,
    stop: async (agents) => {
      await part?.beginLeaving().catch(onError);
      heartbeat.stop();
      // Nodes go on with the process that takes their account.
      await opened.stop(agents === 'end' && part?.hasHeir !== true ? LEAVE_GRACE_MS : null);
      part?.tellOthers();
      await provider.close();
      await maintenance.stop();
      await pool.end();
    },
  };
}
