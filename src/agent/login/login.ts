import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Instant } from '../../core/keys.ts';
import type { Cgroup } from '../cgroups.ts';
import { messageOf, systemCode } from '../failures.ts';
import type { CertificateWork, LoginAsk, NodeAnswer, NodeAskError, UserAccess, UserAccount } from '../frames.ts';
import { mountsBelow } from '../mounts.ts';
import type { NodeNetwork } from '../network/network.ts';
import type { AgentOptions } from '../options.ts';
import type { NodePlace } from '../place/enter.ts';
import { pathIn } from '../place/imageRoot.ts';
import type { ProcessBounds } from '../processBounds.ts';
import { removeTrees } from '../removal.ts';
import { NAMED_UIDS, type UserEntry } from '../users.ts';
import { type Door, openDoor } from './door.ts';
import { createEntries } from './entries.ts';
import { configOf, findSshd, loginLimit, makeHostKey, type Sshd } from './sshd.ts';

/** Users that clients added to the node, and their way in. */
export interface Login {
  /** The node has its users: those that an earlier life had may log in again. */
  resume(): Promise<void>;
  /** One ask after the other. Never rejects. */
  answer(ask: LoginAsk): Promise<NodeAnswer>;
  /** Removes users that have expired: to be called where the time has not just gone by. */
  look(): Promise<void>;
  /** Ends all sessions. Users stay for the node's next life. */
  end(): Promise<void>;
}

export interface LoginOptions {
  readonly options: Pick<AgentOptions, 'stateDirectory' | 'rootDirectory' | 'ipAddress' | 'uidBase' | 'isolation'>;
  /** Of the pool: who has a password or a key may log in as well. */
  readonly accounts: readonly UserAccount[];
  readonly certificates: readonly CertificateWork[];
  readonly node: NodePlace;
  readonly network: NodeNetwork | null;
  readonly nodeCgroup: Cgroup;
  readonly bounds: ProcessBounds;
  readonly now: () => Instant;
  readonly say: (message: string) => void;
}

interface AddedUser {
  readonly name: string;
  readonly uid: number;
  readonly expiresAt: Instant;
}

/** What the next life has to know. Of passwords it holds nothing: they stand in the node's shadow file alone. */
interface Kept {
  readonly port: number | null;
  readonly users: readonly AddedUser[];
}

/** What sshd(8) writes of sessions would go to the machine's files; lastlog would be as long as our ids are high. */
const MACHINE_RECORDS = ['/run/utmp', '/var/log/wtmp', '/var/log/btmp', '/var/log/lastlog'];
const MOUNT_MS = 30_000;
/** The longest that a user is not looked at: the machine's clock may be set, and the machine may sleep. */
const LOOK_EVERY_MS = 60_000;

/**
 * A user is there once /etc/passwd has it; the list of those that were added is written before, so that what was cut
 * short is found and removed by the next life. Nothing listens and no key is made before somebody asks.
 */
export function createLogin({ options, accounts, certificates, node, network, nodeCgroup, bounds, now, say }: LoginOptions): Login {
  const directory = join(options.stateDirectory, 'login');
  const [listPath, configuration, hostKey] = [join(directory, 'users.json'), join(directory, 'sshd_config'), join(directory, 'host_key')];
  const homes = node.hasHomes ? (node.image === null ? '/home' : pathIn(node.image, '/home')) : null;
  const entries = createEntries({ etc: '/etc', homes, image: node.image, certificates });
  let kept: Kept = { port: null, users: [] };
  let door: Door | null = null;
  let isReady = false;
  let isOver = false;
  let timer: NodeJS.Timeout | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const result = last.then(action);
    last = result.catch(() => {});
    return result;
  };

  const write = (path: string, text: string): void => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  const keep = (changes: Partial<Kept>): void => {
    const next = { ...kept, ...changes };
    write(listPath, JSON.stringify(next));
    kept = next;
  };

  const ofPool = accounts.filter(({ passwordHash, sshPrivateKey }) => passwordHash !== undefined || sshPrivateKey !== undefined);
  const isWelcome = (name: string): boolean => [...kept.users, ...ofPool].some((one) => one.name === name);
  const configure = (): void => {
    const admins = [...kept.users.filter(({ uid }) => uid === 0), ...ofPool.filter(({ elevation }) => elevation === 'admin')];
    const names = [...kept.users, ...ofPool].map(({ name }) => name);
    write(configuration, configOf({ hostKey, names, admins: admins.map(({ name }) => name), mark: options.rootDirectory, programs: node.programs, root: node.image }));
  };

  const open = async (sshd: Sshd): Promise<Door> => {
    if (door !== null) return door;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await makeHostKey(sshd, hostKey);
    await hideRecords();
    configure();
    const { stateDirectory: _state, ipAddress: address, rootDirectory: mark } = options;
    door = await openDoor({ server: sshd.server, configuration, address, port: kept.port, network, nodeCgroup, bounds, mark, isWelcome, say });
    if (door.port !== kept.port) keep({ port: door.port });
    return door;
  };

  const add = async ({ name, isAdmin, access }: Extract<LoginAsk, { kind: 'addUser' }>): Promise<NodeAnswer> => {
    const taken = entries.numbers();
    if (taken.has(name)) return refusal('UserExists', `The node has a user ${name} already.`);
    const uid = isAdmin ? 0 : freeUid(options.uidBase ?? 0, new Set(taken.values()));
    if (uid === null) return refusal('NotPossible', `The node has no room for another user: it can have ${NAMED_UIDS.length}.`);
    // What an administrator changes is the node's alone.
    if (isAdmin) await node.ownSystem();
    const user = entryOf(name, uid);
    keep({ users: [...kept.users, { name, uid, expiresAt: access.expiresAt }] });
    try {
      configure();
      entries.enter(user, access);
    } catch (error) {
      await remove(name);
      throw error;
    }
    lookSoon();
    return DONE;
  };

  const entryOf = (name: string, uid: number): UserEntry => ({ name, uid, gid: uid === 0 ? 0 : (options.uidBase ?? 0) });

  const replace = (name: string, access: UserAccess): NodeAnswer => {
    const user = kept.users.find((one) => one.name === name);
    if (user === undefined) return notFound(name);
    entries.replace(name, access);
    keep({ users: kept.users.map((one) => (one === user ? { ...one, expiresAt: access.expiresAt } : one)) });
    lookSoon();
    return DONE;
  };

  /** From the moment that /etc/passwd lacks it nobody comes in any more; who is in is put out. */
  const remove = async (name: string): Promise<void> => {
    entries.remove(name);
    keep({ users: kept.users.filter((one) => one.name !== name) });
    configure();
    await door?.end(name);
    if (homes !== null) await removeTrees([join(homes, name)], 'refuse').catch((error: unknown) => say(`the home of user ${name} stays: ${messageOf(error)}`));
  };

  const removeExpired = async (): Promise<void> => {
    for (const { name, expiresAt } of kept.users) {
      if (expiresAt > now()) continue;
      await remove(name).catch((error: unknown) => say(`user ${name} has expired and could not be removed whole: ${messageOf(error)}`));
    }
    lookSoon();
  };
  const lookSoon = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isOver || kept.users.length === 0) return;
    const waitMs = Math.min(...kept.users.map(({ expiresAt }) => expiresAt)) - now();
    timer = setTimeout(() => void inTurn(removeExpired), Math.max(0, Math.min(waitMs, LOOK_EVERY_MS)));
    timer.unref();
  };

  const obey = async (ask: LoginAsk): Promise<NodeAnswer> => {
    if (!isReady || isOver) return refusal('NodeNotReady', 'The node is not ready.');
    const sshd = findSshd();
    const limit = loginLimit(options.isolation ?? 'none', sshd);
    if (limit !== null || sshd === null || options.uidBase === null) return refusal('NotPossible', limit ?? 'The node has no users of its own.');
    const { port } = await open(sshd);
    switch (ask.kind) {
      case 'addUser':
        return add(ask);
      case 'replaceUser':
        return replace(ask.name, ask.access);
      case 'deleteUser':
        if (!kept.users.some(({ name }) => name === ask.name)) return notFound(ask.name);
        await remove(ask.name);
        return DONE;
      case 'remoteLogin':
        return { kind: 'remoteLogin', address: options.ipAddress, port, hostKey: readFileSync(`${hostKey}.pub`, 'utf8').trim() };
    }
  };

  return {
    resume: () =>
      inTurn(async () => {
        kept = readKept(listPath);
        const there = kept.users.length === 0 ? new Map<string, number>() : entries.numbers();
        for (const { name, uid } of kept.users) {
          if (!there.has(name)) await remove(name);
          // Somebody else has entered one of this name since.
          else if (there.get(name) !== uid) keep({ users: kept.users.filter((one) => one.name !== name) });
        }
        await removeExpired();
        const numbers = kept.users.length + ofPool.length === 0 ? there : entries.numbers();
        for (const { name } of [...kept.users, ...ofPool]) {
          const uid = numbers.get(name);
          if (uid !== undefined) entries.furnish(entryOf(name, uid));
        }
        isReady = true;
        const sshd = findSshd();
        if (kept.users.length > 0 && loginLimit(options.isolation ?? 'none', sshd) === null && sshd !== null) await open(sshd);
      }),
    answer: (ask) =>
      inTurn(() => obey(ask)).catch((error: unknown): NodeAnswer => {
        say(`${ask.kind} failed: ${messageOf(error)}`);
        // The error's own message would tell clients where the node's directory lies on its machine.
        return refusal('Failed', `The node could not do this${systemCode(error) === undefined ? '' : `: ${systemCode(error)}`}.`);
      }),
    look: () => inTurn(removeExpired),
    end: async () => {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
      await last;
      await door?.close();
    },
  };
}

const DONE: NodeAnswer = { kind: 'done' };

function refusal(code: NodeAskError, message: string): NodeAnswer {
  return { kind: 'error', code, message };
}

function notFound(name: string): NodeAnswer {
  return refusal('UserNotFound', `The node has no user ${name} that was added to it.`);
}

/** From the end: the pool's accounts begin at the other one. */
function freeUid(base: number, taken: ReadonlySet<number>): number | null {
  return NAMED_UIDS.map((offset) => base + offset).findLast((uid) => !taken.has(uid)) ?? null;
}

function readKept(path: string): Kept {
  if (!existsSync(path)) return { port: null, users: [] };
  return JSON.parse(readFileSync(path, 'utf8')) as Kept;
}

const run = promisify(execFile);

async function hideRecords(): Promise<void> {
  for (const path of MACHINE_RECORDS.filter((one) => existsSync(one) && mountsBelow(one).length === 0)) {
    await run('mount', ['--bind', '/dev/null', path], { cwd: '/', timeout: MOUNT_MS });
  }
}
