import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createTurns } from '../turns.ts';

/** A connection as the one who takes it sees it. */
export interface Connection {
  readonly remote: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
}

/** So many open files are looked at to find whose a connection is; who has more open is not found. */
const MOST_FILES = 50_000;

/**
 * Which of several groups of processes, all of one network namespace, holds the other end of a connection, as the
 * kernel says it (proc_pid_net(5), proc_pid_fd(5)). Undefined: none, or more than one, as where processes of two have
 * it open. `membersOf`: pids of a group.
 */
export async function holderOf<Group>(connection: Connection, groups: readonly Group[], membersOf: (group: Group) => readonly number[]): Promise<Group | undefined> {
  const [anybody] = groups.flatMap((group) => membersOf(group).slice(0, 1));
  const socket = anybody === undefined ? undefined : socketOf(connection, anybody);
  if (socket === undefined) return undefined;
  const budget = { files: MOST_FILES };
  const turn = createTurns();
  const holders: Group[] = [];
  for (const group of groups) if (await holds(socket, membersOf(group), budget, turn)) holders.push(group);
  return holders.length === 1 && budget.files > 0 ? holders[0] : undefined;
}

/** The number of the socket at the other end, in the network that a process is in. */
function socketOf({ remote, local }: Connection, pid: number): string | undefined {
  for (const [table, spelled] of [['tcp', hexOf], ['tcp6', mappedHexOf]] as const) {
    // As the other end has it: its own address first.
    const wanted = ` ${spelled(remote.address)}:${portHex(remote.port)} ${spelled(local.address)}:${portHex(local.port)} `;
    const line = orElse(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8'), '').split('\n').find((one) => one.includes(wanted));
    if (line !== undefined) return line.trim().split(/\s+/)[INODE];
  }
  return undefined;
}

/** The column of proc_pid_net(5). */
const INODE = 9;

/** Bytes of an address stand in the order of the machine, which is little-endian wherever this runs. */
function hexOf(address: string): string {
  return address.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).toReversed().join('').toUpperCase();
}

function mappedHexOf(address: string): string {
  return `0000000000000000FFFF0000${hexOf(address)}`;
}

function portHex(port: number): string {
  return port.toString(16).padStart(4, '0').toUpperCase();
}

async function holds(socket: string, pids: readonly number[], budget: { files: number }, turn: () => Promise<void>): Promise<boolean> {
  for (const pid of pids) {
    await turn();
    const descriptors = orElse((): readonly string[] => readdirSync(`/proc/${pid}/fd`), []);
    budget.files -= descriptors.length + 1;
    if (budget.files <= 0) return false;
    // Closed meanwhile, it is nobody's.
    if (descriptors.some((descriptor) => orElse(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`), '') === `socket:[${socket}]`)) return true;
  }
  return false;
}

/** Processes and what they have open may be gone at any time. */
function orElse<Value>(read: () => Value, gone: Value): Value {
  try {
    return read();
  } catch {
    return gone;
  }
}
