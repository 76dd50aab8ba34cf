import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LINUX, pollUntil, rounded, smallClient, type SmallClient } from './pool.ts';
import { place, startSimulated, type SimulatedService } from './simulated.ts';
import { profiledIf } from './simulatedPool.ts';

const POOLS = 10;
const SETTLE_MS = 10_000;
const IDLE_MS = 60_000;
const LONGEST_MS = 10 * 60_000;

/** What the process of a service takes while all nodes of its pools are idle. */
export interface IdleFigures {
  /** Of this process: resident, at the end of the time that is measured, and the most that it ever had. MiB. */
  readonly serviceMb: number;
  readonly servicePeakMb: number;
  /** Processor time of it in the time that is measured. */
  readonly serviceCores: number;
}

/** So many nodes are agents of this process, each with a connection of its own; then nothing happens for a minute. */
export async function measureIdle(nodes: number, isProfiled: boolean): Promise<IdleFigures> {
  const at = await place();
  try {
    const service = await startSimulated(at, () => ({ kind: 'exited', exitCode: 0 }));
    const client = smallClient(service.env.AZURE_BATCH_ENDPOINT, service.env.AZURE_BATCH_ACCOUNT, service.env.AZURE_BATCH_ACCESS_KEY);
    try {
      const idleAfterSeconds = await startAll(client, nodes);
      await sleep(SETTLE_MS);
      const figures = await profiledIf(isProfiled, service, () => watchIdle(service));
      console.log(`${nodes} nodes were idle after ${idleAfterSeconds.toFixed(0)} s; then the service takes ${figures.serviceMb} MiB, ${figures.servicePeakMb} at most before, and ${figures.serviceCores} cores`);
      return figures;
    } finally {
      client.close();
      await service.stop();
    }
  } finally {
    await at.purge();
  }
}

/** Returns the seconds that it took. */
async function startAll(client: SmallClient, nodes: number): Promise<number> {
  const begun = performance.now();
  const ids = Array.from({ length: POOLS }, (_, index) => `idle${index}`);
  for (const id of ids) await client.call('POST', '/pools', { id, ...LINUX, targetDedicatedNodes: nodes / POOLS });
  await pollUntil(async () => {
    const { value } = (await client.call('GET', '/nodecounts')) as { value: { dedicated: { idle: number } }[] };
    const idle = value.reduce((sum, { dedicated }) => sum + dedicated.idle, 0);
    return idle === nodes;
  }, 1_000, LONGEST_MS);
  return (performance.now() - begun) / 1_000;
}

async function watchIdle({ pid }: SimulatedService): Promise<IdleFigures> {
  const [before, begun] = [processorSeconds(pid), performance.now()];
  await sleep(IDLE_MS);
  const cores = (processorSeconds(pid) - before) / ((performance.now() - begun) / 1_000);
  return { serviceMb: memoryMb(pid, 'VmRSS'), servicePeakMb: memoryMb(pid, 'VmHWM'), serviceCores: rounded(cores, 3) };
}

/** Clock ticks a second (proc_pid_stat(5), sysconf(_SC_CLK_TCK)) of all architectures that Node.js has builds for. */
const TICKS = 100;

/** User and system time of all its threads. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(user) + Number(system)) / TICKS;
}

function memoryMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kb] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kb === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return rounded(Number(kb) / 1_024, 0);
}
