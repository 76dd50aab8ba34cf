import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What nodes may leave behind on their machine, counted. */
export interface Traces {
  readonly processes: number;
  readonly mounts: number;
  /** Lines of the machine's files of users and groups. */
  readonly users: number;
  readonly cgroups: number;
}

const USER_FILES = ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/subuid', '/etc/subgid'];
const CGROUPS = '/sys/fs/cgroup';

/** Looks for traces of a service's nodes. It is to be made before there are any. */
export interface TraceWatch {
  /**
   * Learns the processes of nodes and the control groups that these are in: what of them is there later is counted.
   */
  learn(): void;
  count(): Traces;
}

/** `service`: the process whose descendants nodes are; `dataDir`: its data directory. */
export function watchTraces(service: number, dataDir: string): TraceWatch {
  const others = new Set(descendants(service, new Set()));
  const processes = new Set<string>();
  const cgroups = new Set<string>();
  return {
    learn: () => {
      for (const identity of descendants(service, others)) {
        processes.add(identity);
        for (const group of groupsOf(pidOf(identity))) cgroups.add(group);
      }
    },
    count: () => ({
      processes: new Set([...[...processes].filter((identity) => identityOf(pidOf(identity)) === identity), ...descendants(service, others)]).size,
      mounts: linesOf('/proc/self/mountinfo').filter((line) => line.includes(dataDir)).length,
      users: USER_FILES.filter((path) => existsSync(path)).reduce((sum, path) => sum + linesOf(path).length, 0),
      cgroups: [...cgroups].filter((path) => existsSync(path)).length,
    }),
  };
}

/** Of all kinds together, what there is more of than before. */
export function leftoversOf(before: Traces, after: Traces): number {
  return (['processes', 'mounts', 'users', 'cgroups'] as const).reduce((sum, kind) => sum + Math.max(0, after[kind] - before[kind]), 0);
}

/** Identities of those below a process, but for `others` and what is below them. */
function descendants(top: number, others: ReadonlySet<string>): readonly string[] {
  const children = new Map<number, string[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (stat === null) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), `${name} ${stat.startedAt}`]);
  }
  const below = (pid: number): string[] => (children.get(pid) ?? []).filter((identity) => !others.has(identity)).flatMap((identity) => [identity, ...below(pidOf(identity))]);
  return below(top);
}

function pidOf(identity: string): number {
  return Number(identity.split(' ')[0]);
}

/** A number is given to another process some day, but not with the same time of its start; null: there is none. */
function identityOf(pid: number): string | null {
  const stat = statOf(pid);
  return stat === null ? null : `${pid} ${stat.startedAt}`;
}

/** proc_pid_stat(5); what is dead and not waited for is none any more. */
function statOf(pid: number): { readonly parent: number; readonly startedAt: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent] = fields;
    const [startedAt = ''] = fields.slice(19);
    return state === 'Z' ? null : { parent: Number(parent), startedAt };
  } catch {
    return null;
  }
}

/** Those of nodes (`linarite-…`) that a process is in or below, wherever their trees are mounted (cgroups(7)). */
function groupsOf(pid: number): readonly string[] {
  const trees = readdirSync(CGROUPS).map((name) => join(CGROUPS, name));
  return linesOf(`/proc/${pid}/cgroup`).flatMap((line) => {
    const path = line.split(':').slice(2).join(':');
    const parts = path.split('/');
    const own = parts.findIndex((part) => part.startsWith('linarite-'));
    if (own === -1) return [];
    // A tree may be mounted from a group of its own on: then its paths are shorter than the process's.
    const suffixes = parts.slice(0, own).map((_, index) => parts.slice(index + 1, own + 1).join('/'));
    return [CGROUPS, ...trees].flatMap((tree) => suffixes.map((suffix) => join(tree, suffix))).filter((group) => existsSync(group));
  });
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}
