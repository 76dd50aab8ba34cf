import { setMaxListeners } from 'node:events';
import { send, type Connection } from '../src/cli/ownOperations.ts';
import { addTasks, taskCounts } from './support/fill.ts';
import { processorSeconds } from './support/idleNodes.ts';
import { pollUntil, rounded } from './support/pool.ts';
import { NODES, SLOTS, withSimulatedPool } from './support/simulatedPool.ts';

const TASKS = 10_000;
const ROUNDS = 3;
const FEW = 5;
const MANY = 20;
const LONGEST_MS = 5 * 60_000;
/** Added, running, succeeded. */
const EVENTS_A_TASK = 3;

/**
 * What it costs to be listened to, on a service with its database whose 50 nodes are simulated. Tasks run without
 * listeners and with 5 in turns (`throughputRatio`), then with 20, each of which hears all events: so many a second are
 * told to each of them (`eventsPerSecondTo20`). At last one listener takes all that is kept, as fast as it comes
 * (`eventsPerSecond`). Listeners are in this program, on the same processors, so what the service alone spends
 * on a task is told as well, and what this program does (clients, nodes and listeners).
 */
export async function run(): Promise<Record<string, unknown>> {
  return withSimulatedPool(() => ({ kind: 'exited', exitCode: 0 }), async ({ clients, service }) => {
    const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = service.env;
    const connection: Connection = { endpoint, credentials: { kind: 'key', account, key } };
    const [client] = clients;
    let jobs = 0;
    const complete = async (): Promise<number> => {
      jobs += 1;
      const job = `job-${jobs}`;
      await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'bench' } });
      const begun = performance.now();
      await addTasks(clients, job, { first: 0, count: TASKS });
      await pollUntil(async () => (await taskCounts(client, job)).succeeded === TASKS, 20, LONGEST_MS);
      return (TASKS / (performance.now() - begun)) * 1_000;
    };
    await complete();
    const [alone, heard]: [number[], number[]] = [[], []];
    const spent = { alone: 0, heard: 0, benchAlone: 0, benchHeard: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const [before, benchBefore] = [processorSeconds(service.pid), processorSeconds(process.pid)];
      alone.push(await complete());
      const [between, benchBetween] = [processorSeconds(service.pid), processorSeconds(process.pid)];
      heard.push((await listenedTo(connection, FEW, complete)).perSecond);
      spent.alone += between - before;
      spent.heard += processorSeconds(service.pid) - between;
      spent.benchAlone += benchBetween - benchBefore;
      spent.benchHeard += processorSeconds(process.pid) - benchBetween;
    }
    const [usAlone, usHeard, benchUs, benchUsHeard] = [spent.alone, spent.heard, spent.benchAlone, spent.benchHeard].map((seconds) => (seconds / ROUNDS / TASKS) * 1_000_000) as [number, number, number, number];
    const ratio = sum(heard) / sum(alone);
    console.log(`${TASKS} tasks on ${NODES} nodes of ${SLOTS} slots: ${mean(alone)} tasks/s without listeners, ${mean(heard)} with ${FEW}; the service spends ${usAlone.toFixed(0)} and ${usHeard.toFixed(0)} us of processors on a task, this program ${benchUs.toFixed(0)} and ${benchUsHeard.toFixed(0)}`);
    const many = await listenedTo(connection, MANY, complete);
    console.log(`with ${MANY} listeners ${many.perSecond.toFixed(0)} tasks/s, ${many.eventsPerSecond.toFixed(0)} events/s to each of them`);
    const one = await takeAll(connection, jobs * TASKS * EVENTS_A_TASK);
    console.log(`one listener takes ${one.toFixed(0)} events/s of those that are kept`);
    return { eventsPerSecond: rounded(one, 0), eventsPerSecondTo20: rounded(many.eventsPerSecond, 0), throughputRatio: rounded(ratio), tasksPerSecond: rounded(sum(alone) / ROUNDS, 0), serviceUsATask: rounded(usAlone, 0), serviceUsATaskHeard: rounded(usHeard, 0), benchUsATask: rounded(benchUs, 0), benchUsATaskHeard: rounded(benchUsHeard, 0) };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
function mean(values: readonly number[]): string {
  return (sum(values) / values.length).toFixed(0);
}

interface Listened {
  readonly perSecond: number;
  /** To each. */
  readonly eventsPerSecond: number;
}

/** While so many listen, until each has heard of all tasks. */
async function listenedTo(connection: Connection, count: number, complete: () => Promise<number>): Promise<Listened> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const counts = Array.from({ length: count }, () => ({ events: 0 }));
  const listeners = await Promise.all(counts.map(async (counted) => listen(connection, '?kind=task', counted, stop.signal)));
  const begun = performance.now();
  const perSecond = await complete();
  await pollUntil(async () => counts.every(({ events }) => events >= TASKS * EVENTS_A_TASK), 5, LONGEST_MS);
  const eventsPerSecond = ((TASKS * EVENTS_A_TASK) / (performance.now() - begun)) * 1_000;
  stop.abort();
  await Promise.all(listeners.map(({ done }) => done));
  return { perSecond, eventsPerSecond };
}

/** Resolves once it is connected, to the promise of its end. */
async function listen(connection: Connection, query: string, counted: { events: number }, signal: AbortSignal): Promise<{ readonly done: Promise<void> }> {
  const answer = await send(connection, { path: `/linarite/events${query}` });
  if (!answer.ok || answer.body === null) throw new Error(`the stream answers ${answer.status}`);
  const reader = answer.body.getReader();
  signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true });
  return { done: count(reader, counted) };
}

const DATA = Buffer.from('\ndata:');

/** Lines that begin with `data:`; parsing each, or looking at each byte, would measure this program. */
async function count(reader: ReadableStreamDefaultReader<Uint8Array>, counted: { events: number }): Promise<void> {
  let rest = Buffer.alloc(0);
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const bytes = Buffer.concat([rest, piece.value]);
    for (let at = bytes.indexOf(DATA); at !== -1; at = bytes.indexOf(DATA, at + DATA.length)) counted.events += 1;
    rest = bytes.subarray(Math.max(0, bytes.length - DATA.length + 1));
  }
}

async function takeAll(connection: Connection, events: number): Promise<number> {
  const stop = new AbortController();
  const counted = { events: 0 };
  const begun = performance.now();
  const { done } = await listen(connection, '?kind=task&from=start', counted, stop.signal);
  await pollUntil(async () => counted.events >= events, 5, LONGEST_MS);
  const perSecond = (counted.events / (performance.now() - begun)) * 1_000;
  stop.abort();
  await done;
  return perSecond;
}
