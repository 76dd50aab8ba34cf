import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Connection } from '../ownOperations.ts';
import { inParallel } from '../run/concurrency.ts';
import { REQUESTS } from '../resources/find.ts';
import { at, text, type Item } from '../resources/nouns.ts';
import { get, pages } from '../resources/requests.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';
import { screenOf, type JobSeen, type Sight } from './screen.ts';

export interface TopFlags extends TargetFlags {
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly once?: boolean;
}

/** Of each its counts are asked. */
const MOST_JOBS = 20;
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H\u001b[J';

/** `linarite top`: until Ctrl-C or q. Without a terminal it looks once. @throws CommandError failure, notRunning. */
export async function top(flags: TopFlags): Promise<void> {
  const connection = targetOf(flags);
  let sight = await look(connection, null);
  if (flags.once === true || !process.stdout.isTTY) return console.log(screenOf(sight, null, { columns: 200, rows: 10_000 }).join('\n'));
  const end = new AbortController();
  const restore = takeKeys(() => end.abort());
  process.stdout.write(ENTER);
  try {
    let before: Sight | null = null;
    let trouble = '';
    while (!end.signal.aborted) {
      const { columns = 80, rows = 24 } = process.stdout;
      const lines = [...screenOf(sight, before, { columns, rows: rows - 2 }), trouble, 'q: quit'];
      process.stdout.write(HOME + lines.join('\n'));
      await pause(flags.interval, undefined, { signal: end.signal }).catch(() => {});
      if (end.signal.aborted) break;
      try {
        const next = await look(connection, sight);
        [before, sight, trouble] = [sight, next, ''];
      } catch (error) {
        trouble = messageOf(error);
      }
    }
  } finally {
    process.stdout.write(LEAVE);
    restore();
  }
}

/**
 * Whether what came from the terminal at once has a `q`, Ctrl-C or Ctrl-D, or is Escape. Keys that are pressed fast
 * come together; those that only begin with Escape are others.
 */
export function endsTop(keys: string): boolean {
  return keys === '\u001b' || (!keys.startsWith('\u001b') && ['q', '\u0003', '\u0004'].some((key) => keys.includes(key)));
}

function takeKeys(onEnd: () => void): () => void {
  const { stdin } = process;
  const onKey = (key: Buffer): void => {
    if (endsTop(key.toString())) onEnd();
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', onKey);
  process.once('SIGTERM', onEnd);
  process.once('SIGINT', onEnd);
  return () => {
    stdin.off('data', onKey);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.unref();
    stdin.pause();
  };
}

async function look(connection: Connection, before: Sight | null): Promise<Sight> {
  const [pools, counts, jobs] = await Promise.all([
    all(pages(connection, '/pools', { $select: 'id,state,allocationState,targetDedicatedNodes,targetLowPriorityNodes' })),
    all(pages(connection, '/nodecounts', {})),
    all(pages(connection, '/jobs', { $filter: "state eq 'active'", $select: 'id,poolInfo,executionInfo,creationTime' })),
  ]);
  const byPool = new Map(counts.map((item) => [text(item, 'poolId'), item]));
  const newest = jobs.toSorted((one, other) => text(other, 'creationTime').localeCompare(text(one, 'creationTime')));
  const seen: JobSeen[] = [];
  await inParallel(newest.slice(0, MOST_JOBS), REQUESTS, async (job) => {
    const found = await get(connection, `/jobs/${encodeURIComponent(text(job, 'id'))}/taskcounts`);
    if (found !== undefined) seen.push(jobOf(job, found));
  });
  const place = new Map(newest.map((job, index) => [text(job, 'id'), index]));
  return {
    at: Math.max(Date.now(), (before?.at ?? 0) + 1),
    endpoint: connection.endpoint,
    pools: pools.map((pool) => ({ id: text(pool, 'id'), state: text(pool, 'state') === 'active' ? text(pool, 'allocationState') : text(pool, 'state'), nodes: nodesOf(byPool.get(text(pool, 'id'))), target: number(pool, 'targetDedicatedNodes') + number(pool, 'targetLowPriorityNodes') })),
    jobs: seen.toSorted((one, other) => (place.get(one.id) ?? 0) - (place.get(other.id) ?? 0)),
    moreJobs: Math.max(0, newest.length - MOST_JOBS),
  };
}

function jobOf(job: Item, counts: Item): JobSeen {
  return {
    id: text(job, 'id'),
    pool: text(job, 'executionInfo.poolId') || text(job, 'poolInfo.poolId'),
    createdAt: Date.parse(text(job, 'creationTime')),
    waiting: number(counts, 'taskCounts.active'),
    running: number(counts, 'taskCounts.running'),
    succeeded: number(counts, 'taskCounts.succeeded'),
    failed: number(counts, 'taskCounts.failed'),
  };
}

/** Both kinds of nodes, the sum of all states left out. */
function nodesOf(counts: Item | undefined): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const kind of ['dedicated', 'lowPriority']) {
    for (const [state, count] of Object.entries((counts?.[kind] as Item | undefined) ?? {})) {
      if (state !== 'total' && typeof count === 'number' && count > 0) sums[state] = (sums[state] ?? 0) + count;
    }
  }
  return sums;
}

function number(item: Item, path: string): number {
  const value = at(item, path);
  return typeof value === 'number' ? value : 0;
}

async function all(found: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of found) items.push(...page);
  return items;
}
