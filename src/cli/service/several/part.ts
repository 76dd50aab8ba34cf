import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { NotOwnedHere } from '../../../base/notOwned.ts';
import { agentsElsewhere, type AgentsElsewhere } from '../../../api/peers/agents.ts';
import { PeerClient } from '../../../api/peers/client.ts';
import { routedCommits } from '../../../api/peers/commits.ts';
import { routedExplanations } from '../../../api/peers/explanations.ts';
import { routedHost } from '../../../api/peers/host.ts';
import { routedFiles, routedNodeRequests } from '../../../api/peers/nodes.ts';
import type { Routing } from '../../../api/peers/routed.ts';
import { answerPeer, type PeerService } from '../../../api/peers/serve.ts';
import { PeerSignatures } from '../../../api/peers/signature.ts';
import { routedWake } from '../../../api/peers/wake.ts';
import type { WorkHold } from '../../../api/later.ts';
import type { NodeCredentials } from '../../../control/credentials.ts';
import { MACHINE_TIME } from '../../../control/loop.ts';
import type { Owners } from '../../../control/owners.ts';
import { Spreader } from '../../../control/spread/spreader.ts';
import { accountOf } from '../../../core/node/numbers.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { AccountHost, Commits, Explanations, NodeFiles, NodeRequests, Wake } from '../../../ports.ts';
import { connect, type Connection } from '../../../store/connect.ts';
import { AccountOwned } from '../../../store/ownerStore.ts';
import { beginLeaving, closeAccount, endLeaving, holdWork, joinProcesses, lookAround, releaseWork } from '../../../store/several/spread.ts';
import { readIfThere } from '../../files.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { peerSecret } from './clusterKey.ts';

/** What a process needs to be one of several. */
export interface SeveralOptions {
  readonly connection: Connection;
  readonly clusterKey: string;
  readonly process: string;
  /** Where the others reach this one. */
  readonly url: string;
  readonly directory: DataDirectory;
  /** Whether pools may have nodes of this machine. */
  readonly hasLocalNodes: boolean;
  readonly owners: Owners;
  /** What this process does by itself. */
  readonly local: Omit<PeerService, 'has' | 'look'>;
  readonly claim: (account: { readonly number: AccountNumber; readonly name: string }) => Promise<void>;
  readonly give: (account: AccountNumber) => Promise<void>;
  readonly credentials: NodeCredentials;
  readonly log: Logger;
}

/** One of several processes on a database, seen from inside. */
export interface SeveralPart {
  /** What needs an account's owner, wherever that is. */
  readonly ports: { readonly wake: Wake; readonly explanations: Explanations; readonly files: NodeFiles; readonly nodeRequests: NodeRequests; readonly commits: Commits; readonly host: AccountHost };
  readonly answer: (...asked: Parameters<typeof answerPeer> extends [unknown, ...infer Rest] ? Rest : never) => boolean;
  readonly agents: AgentsElsewhere;
  /** Work that goes on after its answer is done by one process at a time. */
  readonly hold: WorkHold;
  /** Called when what is kept of accounts may be old, from now on. */
  refreshWith(refresh: () => Promise<void>): void;
  /** Finds its first accounts. Resolves when the account has an owner, here or elsewhere. */
  start(first: AccountNumber): Promise<void>;
  /** Whether what one process does for all falls to this one. */
  readonly isFirst: boolean;
  /** Whether another process goes on with the nodes that this one has. */
  readonly hasHeir: boolean;
  /** Takes no account any more, and goes on finding those of others. */
  beginLeaving(): Promise<void>;
  /** The others look at once who has what. */
  tellOthers(): void;
  close(): Promise<void>;
}

/** The clocks of processes may differ by much: requests between them go by that of the database. */
export function createSeveral({ connection, clusterKey, process, url, directory, hasLocalNodes, owners, local, claim, give, credentials, log }: SeveralOptions): SeveralPart {
  const database = connect(connection, 'api', { maxConnections: 3 });
  const place = hasLocalNodes ? placeOfNodes(directory.nodes) : null;
  let aheadMs = 0;
  const signatures = new PeerSignatures(peerSecret(clusterKey), () => Date.now() + aheadMs);
  const client = new PeerClient({ signatures, authority: () => readIfThere(join(directory.certificates, 'ca.pem')) });
  let refresh = (): Promise<void> => Promise.resolve();
  let places: ReadonlyMap<string, string | null> = new Map();
  const spreader = new Spreader({
    process,
    look: async () => {
      const { processes, accounts, change, now } = await lookAround(database);
      aheadMs = now - Date.now();
      const living = new Set(processes.map((one) => one.process));
      places = new Map(processes.filter((one) => one.process !== process && !one.isLeaving).map((one) => [one.process, one.place]));
      return {
        processes,
        accounts: accounts.map((one) => ({ ...one, owner: one.owner !== null && living.has(one.owner) ? one.owner : null })),
        peers: processes,
        names: new Map(accounts.map(({ account, name }) => [account, name])),
        change,
        now,
      };
    },
    has: (account) => owners.has(account),
    claim: async (account) => {
      log.info({ account: account.name }, 'the account is taken by this process');
      await claim(account);
    },
    give: async (account) => {
      log.info({ account }, 'another process has fewer accounts: this one is let go of');
      await give(account);
    },
    tellOthers: (peers) => {
      for (const peer of peers) client.ask(peer, 'look', {}).catch(() => undefined);
    },
    refresh: () => refresh(),
    time: MACHINE_TIME,
    onError: (error) => {
      if (error instanceof AccountOwned) log.debug({ reason: error.message }, 'another process was quicker');
      else log.warn({ error }, 'who has which account could not be looked at now');
    },
  });
  const routing: Routing = { places: spreader, client };
  const serving = { signatures, log, service: { ...local, has: (account: number) => owners.has(account), look: () => spreader.look() } };
  return {
    ports: {
      wake: routedWake(routing, local.wake),
      explanations: routedExplanations(routing, local.explanations),
      files: routedFiles(routing, local.files),
      nodeRequests: routedNodeRequests(routing, local.nodeRequests),
      commits: routedCommits(routing, local.commits),
      host: routedHost(routing, { places: spreader, look: () => spreader.look(), closes: (account) => closeAccount(database, account) }, local.host),
    },
    answer: (request, response) => answerPeer(serving, request, response),
    agents: agentsElsewhere({
      routing,
      accountOf: (credential) => {
        const shown = credentials.verify(credential);
        return shown === null ? null : accountOf(shown.node);
      },
      log,
    }),
    hold: { take: (work) => holdWork(database, work, process), release: (work) => releaseWork(database, work, process) },
    refreshWith: (next) => {
      refresh = next;
    },
    start: async (first) => {
      await joinProcesses(database, { process, url, place });
      await spreader.start();
      await spreader.of(first).catch((error: unknown) => log.warn({ error }, 'the first account waits for a process that reaches its nodes'));
    },
    get isFirst() {
      return spreader.isFirst;
    },
    get hasHeir() {
      return [...places.values()].some((other) => place === null || other === place);
    },
    beginLeaving: async () => {
      spreader.leave();
      await beginLeaving(database, process);
    },
    tellOthers: () => {
      for (const peer of spreader.others()) client.ask(peer, 'look', {}).catch(() => undefined);
    },
    close: async () => {
      spreader.stop();
      client.close();
      await endLeaving(database, process).catch((error: unknown) => log.warn({ error }, 'that this process ends could not be told'));
      await database.end();
    },
  };
}

/** Of an account that this process does not have, whoever asks is sent on. */
export function ownedHere<Owned>(owners: { of(account: AccountNumber): Owned | undefined }): (account: AccountNumber) => Owned {
  return (account) => {
    const owner = owners.of(account);
    if (owner === undefined) throw new NotOwnedHere(account);
    return owner;
  };
}

const MACHINE_ID = '/etc/machine-id';

/** Processes that have their nodes in one directory of one machine, and reach each other's, have the same. */
function placeOfNodes(nodes: string): string {
  const machine = existsSync(MACHINE_ID) ? readFileSync(MACHINE_ID, 'utf8').trim() : '';
  return createHash('sha256').update([machine, hostname(), existsSync(nodes) ? realpathSync(nodes) : nodes].join('\n')).digest('hex').slice(0, 32);
}
