import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quoteForShell } from '../../../src/base/shellWords.ts';
import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import type { Cluster } from '../../../src/nodes/kubernetes/api/cluster.ts';
import { isGone } from '../../../src/nodes/kubernetes/api/errors.ts';
import { follow } from '../../../src/nodes/kubernetes/api/follow.ts';
import { removeBusyTree } from '../../../src/agent/removal.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../../../src/nodes/kubernetes/api/json.ts';

/**
 * One machine of a cluster: runs the pods that are bound to it as processes of this machine, each with processes and
 * mounts of its own and no control groups to make, so that the end of its first process is the end of all, as with a
 * container. No image is pulled: one of the name `missing` cannot be.
 */
export interface Kubelet {
  /** Of a pod that runs: its first process. */
  pidOf(pod: string): number | undefined;
  /** All that runs in the pod, or outlives it. */
  processesOf(pod: string): readonly number[];
  /** Kills the pod's processes and says so, as for want of memory on the machine. */
  evict(pod: string): Promise<void>;
  /** As `kill -9` of the kubelet: the pods' processes live on, and nobody says anything. */
  die(): void;
  close(): Promise<void>;
}

/** Namespaces of Linux are made by root. */
export const canRunPods = process.platform === 'linux' && process.geteuid?.() === 0;

interface Run {
  readonly name: string;
  readonly directory: string;
  readonly uid: string;
  child: ChildProcess | null;
  /** Identifies the processes of the pod. */
  space: string | null;
  isEnding: boolean;
  /** Of a pod that is to end sooner than it was told before. */
  hasten: (graceMs: number) => void;
  fate: Record<string, unknown> | null;
  over: Promise<void>;
}

export interface KubeletOptions {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly machine: string;
  /** Binds pods that have no machine to this one, as a scheduler does; default: it does. */
  readonly schedules?: boolean;
  readonly cores?: number;
}

export async function startKubelet({ cluster, namespace, machine, schedules = true, cores = 64 }: KubeletOptions): Promise<Kubelet> {
  const client = createApiClient(cluster);
  const base = `/api/v1/namespaces/${namespace}`;
  const root = mkdtempSync(join(tmpdir(), 'linarite-kubelet-'));
  chmodSync(root, 0o711);
  const runs = new Map<string, Run>();
  const spaces = new Map<string, string>();
  const stopped = new AbortController();
  let isDead = false;

  const capacity = { cpu: String(cores), memory: '512Gi', pods: '2000', 'ephemeral-storage': '1Ti' };
  await client.ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: machine, labels: { 'kubernetes.io/hostname': machine } } });
  await client.ask('PATCH', `/api/v1/nodes/${machine}`, { spec: { taints: [] } });
  await client.ask('PATCH', `/api/v1/nodes/${machine}/status`, { status: { capacity, allocatable: capacity, conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'stand-in', lastHeartbeatTime: new Date().toISOString(), lastTransitionTime: new Date().toISOString() }] } });

  const say = async (pod: string, status: Record<string, unknown>): Promise<void> => {
    await client.ask('PATCH', `${base}/pods/${pod}/status`, { status }).catch((error: unknown) => {
      if (!isGone(error) && !isDead) throw error;
    });
  };
  const containerIs = (state: Record<string, unknown>) => ({ containerStatuses: [{ name: 'agent', image: 'stand-in', imageID: '', ready: 'running' in state, restartCount: 0, state }] });

  const bind = async (pod: unknown): Promise<void> => {
    const name = textAt(pod, 'metadata', 'name') ?? '';
    if (listAt(pod, 'spec', 'schedulingGates').length > 0) return;
    await client.ask('POST', `${base}/pods/${name}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: machine } }).catch(() => undefined);
  };

  const untilSecret = async (name: string): Promise<Readonly<Record<string, string>>> => {
    for (;;) {
      try {
        return textsAt(await client.ask('GET', `${base}/secrets/${name}`), 'data');
      } catch (error) {
        if (!isGone(error) || stopped.signal.aborted) throw error;
        await delay(50, undefined, { signal: stopped.signal });
      }
    }
  };

  const start = async (pod: unknown, run: Run): Promise<void> => {
    const container = at(pod, 'spec', 'containers', 0);
    if (textAt(container, 'image') === 'missing') return say(run.name, { phase: 'Pending', ...containerIs({ waiting: { reason: 'ErrImagePull', message: 'pull access denied for missing, repository does not exist' } }) });
    await say(run.name, { phase: 'Pending', ...containerIs({ waiting: { reason: 'ContainerCreating' } }) });
    const mounts: string[] = [];
    for (const mount of listAt(container, 'volumeMounts')) {
      const volume = listAt(pod, 'spec', 'volumes').find((one) => textAt(one, 'name') === textAt(mount, 'name'));
      const place = join(run.directory, textAt(mount, 'name') ?? '');
      const secret = textAt(volume, 'secret', 'secretName');
      mkdirSync(place, { recursive: true });
      chmodSync(place, secret === null ? 0o777 : 0o755);
      const mode = numberAt(volume, 'secret', 'defaultMode') ?? 0o644;
      if (secret !== null) for (const [name, data] of Object.entries(await untilSecret(secret))) {
        writeFileSync(join(place, name), Buffer.from(data, 'base64'), { mode });
        chownSync(join(place, name), 0, numberAt(pod, 'spec', 'securityContext', 'fsGroup') ?? 0);
      }
      mounts.push(`mkdir -p ${textAt(mount, 'mountPath')} && mount --bind ${place} ${textAt(mount, 'mountPath')}`);
    }
    if (run.isEnding) return;
    const command = listAt(container, 'command').map(String).map(quoteForShell).join(' ');
    const script = ['mount -t tmpfs none /mnt', 'mount -t tmpfs none /run', 'mount -t tmpfs -o ro none /sys/fs/cgroup', ...mounts, `exec ${asUser(pod)} ${command}`].join('\n');
    const log = openSync(join(run.directory, 'log'), 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '/bin/sh', '-ec', script], { cwd: '/', stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] } });
    closeSync(log);
    run.child = child;
    run.over = once(child, 'exit').then(([code, signal]) => ended(run, code as number | null, signal as string | null));
    await once(child, 'spawn');
    while (firstOf(child) === undefined && child.exitCode === null) await delay(5);
    run.space = spaceOf(firstOf(child) ?? 0);
    if (run.space !== null) spaces.set(run.name, run.space);
    await say(run.name, { phase: 'Running', ...containerIs({ running: { startedAt: new Date().toISOString() } }) });
  };

  const ended = async (run: Run, code: number | null, signal: string | null): Promise<void> => {
    if (isDead) return;
    const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
    await say(run.name, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', ...containerIs({ terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: new Date().toISOString(), finishedAt: new Date().toISOString() } }), ...run.fate });
  };

  /** The hook first, then the signal; all of it within the grace. */
  const end = async (pod: unknown, run: Run): Promise<void> => {
    const hook = listAt(pod, 'spec', 'containers', 0, 'lifecycle', 'preStop', 'exec', 'command').map(String);
    const hooked = hook.length > 0 && run.child?.exitCode === null ? spawn(hook[0] ?? '', hook.slice(1), { stdio: 'ignore' }) : null;
    const timers = new Set<NodeJS.Timeout>();
    run.hasten = (graceMs) => {
      timers.add(setTimeout(() => hooked?.kill('SIGKILL'), graceMs));
      timers.add(setTimeout(() => run.child?.kill('SIGKILL'), graceMs + (hooked === null ? 0 : 2_000)));
    };
    run.hasten(graceOf(pod));
    if (hooked !== null) await Promise.race([once(hooked, 'exit'), run.over]);
    hooked?.kill('SIGKILL');
    const first = run.child === null ? undefined : firstOf(run.child);
    if (first !== undefined) signal(first, 'SIGTERM');
    await run.over;
    for (const timer of timers) clearTimeout(timer);
    if (isDead) return;
    await client.ask('DELETE', `${base}/pods/${run.name}`, { gracePeriodSeconds: 0, preconditions: { uid: run.uid } }).catch(() => undefined);
    runs.delete(run.name);
    removeBusyTree(run.directory);
  };

  const see = (pod: unknown): void => {
    const name = textAt(pod, 'metadata', 'name') ?? '';
    if (textAt(pod, 'spec', 'nodeName') === null) {
      if (schedules && textAt(pod, 'metadata', 'deletionTimestamp') === null) void bind(pod);
      return;
    }
    if (textAt(pod, 'spec', 'nodeName') !== machine) return;
    let run = runs.get(name);
    if (run === undefined) {
      if (textAt(pod, 'status', 'phase') !== 'Pending') return;
      run = { name, uid: textAt(pod, 'metadata', 'uid') ?? '', directory: join(root, name), child: null, space: null, isEnding: false, hasten: () => undefined, fate: null, over: Promise.resolve() };
      runs.set(name, run);
      const starting = run;
      // A pod that goes while it is made needs nothing more.
      void start(pod, starting).catch(() => undefined);
    }
    if (textAt(pod, 'metadata', 'deletionTimestamp') === null) return;
    if (run.isEnding) return run.hasten(graceOf(pod));
    run.isEnding = true;
    void end(pod, run);
  };

  const following = follow(client, {
    path: `${base}/pods`,
    selector: '',
    signal: stopped.signal,
    onAll: (objects) => objects.forEach(see),
    onChange: ({ kind, object }) => {
      if (kind === 'there') see(object);
      else runs.get(textAt(object, 'metadata', 'name') ?? '')?.child?.kill('SIGKILL');
    },
    onAway: () => undefined,
  });

  return {
    pidOf: (pod) => {
      const child = runs.get(pod)?.child;
      return child ? firstOf(child) : undefined;
    },
    processesOf: (pod) => {
      const space = spaces.get(pod);
      return space === undefined ? [] : readdirSync('/proc').map(Number).filter((pid) => pid > 0 && spaceOf(pid) === space);
    },
    evict: async (pod) => {
      const run = runs.get(pod);
      if (run === undefined) throw new Error(`no pod ${pod} runs here`);
      run.fate = { reason: 'Evicted', message: 'The node was low on resource: memory.' };
      run.child?.kill('SIGKILL');
      await run.over;
    },
    die: () => {
      isDead = true;
      stopped.abort();
    },
    close: async () => {
      isDead = true;
      stopped.abort();
      for (const { child } of runs.values()) child?.kill('SIGKILL');
      await Promise.all([...runs.values()].map(({ over }) => over));
      await following;
      client.close();
      removeBusyTree(root);
    },
  };
}

/** As the user that the pod names, with no more rights than its container adds. */
function asUser(pod: unknown): string {
  const user = numberAt(pod, 'spec', 'securityContext', 'runAsUser') ?? 0;
  const groups = numberAt(pod, 'spec', 'securityContext', 'fsGroup');
  const added = listAt(pod, 'spec', 'containers', 0, 'securityContext', 'capabilities', 'add').map((name) => `,+${String(name).toLowerCase()}`);
  return `setpriv --reuid=${user} --regid=0 ${groups === null ? '--clear-groups' : `--groups=${groups}`} --bounding-set=-all${added.join('')} --no-new-privs`;
}

function graceOf(pod: unknown): number {
  return (numberAt(pod, 'metadata', 'deletionGracePeriodSeconds') ?? 0) * 1_000;
}

/** The first process inside, which `unshare` waits for. */
function firstOf({ pid }: ChildProcess): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return first === undefined || first === '' ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

function spaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}
