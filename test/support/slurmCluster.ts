import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../src/base/errors.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import { waitUntil } from '../../src/processes/end.ts';
import { freePort, isAlive } from './linarite.ts';

/**
 * A Slurm cluster of this machine alone: one slurmctld and several slurmd on loopback, which need neither munge nor
 * systemd. Debian's packages slurm-wlm and, for `rest`, slurmrestd.
 */
export interface SlurmCluster {
  /** The variable by which Slurm's programs find it. */
  readonly environment: { readonly SLURM_CONF: string };
  /** Of its machines, as Slurm calls them. */
  readonly names: readonly string[];
  /** Runs one of Slurm's programs and returns what it prints. Throws what it complains of. */
  run(program: string, ...words: string[]): string;
  /** Stops and starts slurmctld. */
  stopController(): Promise<void>;
  startController(): void;
  /** Ends slurmctld, each slurmd and what their jobs started; removes all their files. */
  close(): Promise<void>;
}

export interface SlurmClusterOptions {
  /** Compute nodes with an own slurmd; default 4. */
  readonly nodes?: number;
  readonly cpus?: number;
  readonly memoryMb?: number;
  /** Lines at the end of slurm.conf. */
  readonly more?: readonly string[];
}

/** Why there can be no cluster here; null: there can. */
export function slurmMissing(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  const missing = ['slurmctld', 'slurmd', 'sbatch'].filter((program) => !['/usr/sbin', '/usr/bin'].some((directory) => existsSync(join(directory, program))));
  return missing.length === 0 ? null : `Debian's slurm-wlm (${missing.join(', ')})`;
}

/** Resolves when all of its nodes are idle. */
export async function startSlurmCluster({ nodes = 4, cpus = 4, memoryMb = 16_000, more = [] }: SlurmClusterOptions = {}): Promise<SlurmCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-slurm-'));
  const config = join(directory, 'slurm.conf');
  const environment = { SLURM_CONF: config };
  const ports = await Promise.all(Array.from({ length: nodes + 1 }, () => freePort()));
  // Control groups have their names, also those of another cluster beside this one.
  const names = Array.from({ length: nodes }, (_, index) => `t${process.pid}n${index + 1}`);
  for (const name of names) mkdirSync(join(directory, 'spool', name), { recursive: true });
  for (const name of ['state', 'run', 'log']) mkdirSync(join(directory, name));
  writeFileSync(config, configuration({ directory, names, ports, cpus, memoryMb, more }));
  // Beside slurm.conf is where it is looked for.
  writeFileSync(join(directory, 'cgroup.conf'), 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n');
  const run = (program: string, ...words: string[]): string => execFileSync(program, words, { encoding: 'utf8', env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const pidOf = (name: string): number => Number(readFileSync(join(directory, 'run', `${name}.pid`), 'utf8'));
  const stop = async (name: string): Promise<void> => {
    if (!existsSync(join(directory, 'run', `${name}.pid`))) return;
    const pid = pidOf(name);
    signal(pid, 'SIGTERM');
    if (!(await waitUntil(() => !isAlive(pid), 5_000))) signal(pid, 'SIGKILL');
  };
  const startController = (): void => void run('slurmctld', '-i', '-f', config);
  const close = async (): Promise<void> => {
    try {
      run('scancel', '-u', 'root');
      await waitUntil(() => run('squeue', '-h', '-t', 'R,CG').trim() === '', 5_000);
    } catch {
      // Its controller is stopped: what runs is killed below.
    }
    await stop('slurmctld');
    await Promise.all(names.map((name) => stop(`slurmd-${name}`)));
    for (const pid of processesOf(directory)) signal(pid, 'SIGKILL');
    await waitUntil(() => processesOf(directory).length === 0, 3_000);
    // A group whose last process has just ended may be in use for a moment still.
    await waitUntil(() => groupsOf(names).every(isRemoved), 10_000);
    removeBusyTree(directory);
  };
  try {
    startController();
    for (const name of names) run('slurmd', '-N', name, '-f', config);
    const areIdle = (): boolean => run('sinfo', '-h', '-p', 'high', '-t', 'idle', '-o', '%D').trim() === String(nodes);
    if (!(await waitUntil(areIdle, 60_000))) throw new Error(`the nodes of the cluster do not come up: ${run('sinfo', '-N', '-l')}`);
  } catch (error) {
    await close();
    throw error;
  }
  return { environment, names, run, stopController: () => stop('slurmctld'), startController, close };
}

interface Layout {
  readonly directory: string;
  readonly names: readonly string[];
  readonly ports: readonly number[];
  readonly cpus: number;
  readonly memoryMb: number;
  readonly more: readonly string[];
}

/** `high` takes its nodes back from `spot`, whose jobs have KillWait seconds to end. */
function configuration({ directory, names, ports: [controller = 0, ...ports], cpus, memoryMb, more }: Layout): string {
  const host = hostname().split('.')[0] ?? 'localhost';
  return [
    'ClusterName=linarite',
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    'SlurmUser=root',
    'SlurmdUser=root',
    'AuthType=auth/none',
    'CredType=cred/none',
    'CommunicationParameters=NoCtldInAddrAny,NoInAddrAny',
    `StateSaveLocation=${directory}/state`,
    `SlurmdSpoolDir=${directory}/spool/%n`,
    `SlurmctldPidFile=${directory}/run/slurmctld.pid`,
    `SlurmdPidFile=${directory}/run/slurmd-%n.pid`,
    `SlurmctldLogFile=${directory}/log/slurmctld.log`,
    `SlurmdLogFile=${directory}/log/slurmd-%n.log`,
    // What its jobs start stays theirs, also without its parents.
    'ProctrackType=proctrack/cgroup',
    'TaskPlugin=task/none',
    'MpiDefault=none',
    'ReturnToService=2',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU_Memory',
    'SlurmdParameters=config_overrides',
    'SchedulerType=sched/backfill',
    'SchedulerParameters=sched_min_interval=0,sched_interval=1,bf_interval=1',
    'MaxJobCount=20000',
    'MaxArraySize=5001',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/none',
    'KillWait=3',
    'MinJobAge=300',
    'PreemptType=preempt/partition_prio',
    'PreemptMode=REQUEUE',
    ...names.map((name, index) => `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[index] ?? 0} CPUs=${cpus} RealMemory=${memoryMb} State=UNKNOWN`),
    `PartitionName=high Nodes=${names.join(',')} PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP Default=YES`,
    `PartitionName=spot Nodes=${names.join(',')} PriorityTier=1 PreemptMode=CANCEL GraceTime=0 MaxTime=INFINITE State=UP`,
    ...more,
    '',
  ].join('\n');
}

/** Processes of the cluster and of its jobs: they name its directory in their environment. */
function processesOf(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`SLURM_CONF=${directory}/`) && Number(pid) !== process.pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Deepest first. */
function groupsOf(names: readonly string[]): readonly string[] {
  const found: string[] = [];
  const below = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) below(join(directory, entry.name));
    found.push(directory);
  };
  for (const controller of ['freezer', 'cpuset', 'memory', 'devices']) for (const name of names) {
    const group = join('/sys/fs/cgroup', controller, `slurm_${name}`);
    if (existsSync(group)) below(group);
  }
  return found;
}

/** Whether the control group is gone. */
function isRemoved(group: string): boolean {
  try {
    rmdirSync(group);
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
