/** The form of the stream of events that pages listen to (docs/own-operations.md). */
import { findJob } from '../../../store/intents/jobs.ts';
import { nodeColumns } from '../../../store/intents/nodeMatrix.ts';
import { openJobs } from '../../../store/intents/overview.ts';
import { findPool } from '../../../store/intents/pools.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { BatchError, invalidQuery } from '../../../wire/errors.ts';
import type { Rev } from '../../../wire/own/common.ts';
import type { Frame } from '../../../wire/own/frames.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { endlessBody } from '../../endlessBody.ts';
import type { OwnCall } from '../call.ts';
import { orderOf } from '../pools/matrix.ts';
import { readNames } from '../queries.ts';
import { Frames, type View } from './frames.ts';

/** Four times a second at most. */
const APART_MS = 250;
const IDLE_MS = 15_000;
/** What is longer is no news, but another state: it is read anew. */
const LONGEST = 64 * 1024;
const MOST_ROWS = 500;
/** No `Rev`: something has happened since. */
const ANOTHER = 'another';

/**
 * `GET /linarite/events?form=page&view=overview|pool:P|job:J`, with `tasks=1-200,7` the rows of a job that are shown.
 * @throws BatchError PoolNotFound, JobNotFound, InvalidQueryParameterValue.
 */
export async function pageStream(call: OwnCall, parts: Parts): Promise<Answer> {
  const { view, tasks, from } = readNames(call.query, ['form', 'view', 'tasks', 'from', 'job']);
  const rows = readRows(tasks);
  const last = call.headers['last-event-id'];
  const since = typeof last === 'string' && last !== '' ? last : from;
  await viewOf(call, parts, view, rows);
  const body = endlessBody((signal) => pieces(call, parts, { view, rows, since }, AbortSignal.any([signal, parts.tails.closing])));
  return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }, body, endless: true };
}

interface Asked {
  readonly view: string;
  readonly rows: ReadonlySet<number>;
  /** What the page has seen already; '': it has just read all. */
  readonly since: Rev;
}

/** Where all is to be read again, that is told once the new view is listened to: nothing is missed between. */
async function* pieces(call: OwnCall, parts: Parts, asked: Asked, signal: AbortSignal): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  let { since } = asked;
  // After each reset the places of nodes are others.
  while (!signal.aborted) {
    for await (const { rev, frames, isFirst } of framesUntilReset(call, parts, { ...asked, since }, signal)) {
      const text = JSON.stringify(frames);
      if (!isFirst && (text.length > LONGEST || frames.some(({ t }) => t === 'reset'))) break;
      yield frames.length === 0 ? ': nothing new\n\n' : `id: ${rev}\ndata: ${text}\n\n`;
    }
    since = ANOTHER;
    await pause(APART_MS, signal);
  }
}

interface Piece {
  readonly rev: Rev;
  readonly frames: readonly Frame[];
  /** The listener's first: a reset, where something was missed before it. */
  readonly isFirst: boolean;
}

async function* framesUntilReset(call: OwnCall, parts: Parts, { view: name, rows, since }: Asked, signal: AbortSignal): AsyncGenerator<Piece> {
  const heard: Parameters<Frames['hear']>[0][] = [];
  let wake = (): void => undefined;
  let frames: Frames | null = null;
  // Heard from before the view is read, so that nothing between is missed.
  const stop = parts.commits.listen(call.account, (news) => {
    if (frames === null) heard.push(news);
    else frames.hear(news);
    wake();
  });
  try {
    const rev = await revOf(parts.database, call.account);
    const view = await viewOf(call, parts, name, rows);
    frames = new Frames(view, rev);
    for (const news of heard.splice(0)) frames.hear(news);
    yield { rev, frames: since !== '' && since !== rev ? [{ t: 'reset' }] : [], isFirst: true };
    while (!signal.aborted) {
      await pause(APART_MS, signal);
      if (frames.isEmpty) await Promise.race([new Promise<void>((resolve) => (wake = resolve)), pause(IDLE_MS, signal)]);
      yield { ...(frames.take() ?? { rev, frames: [] }), isFirst: false };
    }
  } finally {
    stop();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    // One that has aborted already tells nobody.
    if (signal.aborted) done();
  });
}

/** @throws BatchError PoolNotFound, JobNotFound, InvalidQueryParameterValue. */
async function viewOf({ account, now }: OwnCall, { database }: Parts, name: string, rows: ReadonlySet<number>): Promise<View> {
  const [, kind, id = ''] = /^(overview|pool|job)(?::(.+))?$/s.exec(name) ?? [];
  if (kind === 'overview' && id === '') return { kind, jobs: new Map((await openJobs(database, account)).map(({ job, jobId }) => [job, jobId])) };
  if (kind === 'pool' && id !== '') {
    const pool = await findPool(database, account, id);
    if (pool === null) throw new BatchError('PoolNotFound');
    const { nodes } = orderOf(database, pool.pool, (await nodeColumns(database, account, pool.pool)).node, now);
    return { kind, pool: pool.pool, id: pool.id, places: new Map(nodes.map((node, place) => [node, place])) };
  }
  if (kind === 'job' && id !== '') {
    const job = await findJob(database, account, id);
    if (job === null) throw new BatchError('JobNotFound');
    return { kind, job: job.job, id: job.id, rows };
  }
  throw invalidQuery('view', name, 'There are overview, pool: and job: with an id.');
}

/** `1-200,305`: numbers of tasks. */
function readRows(text: string): ReadonlySet<number> {
  const rows = new Set<number>();
  for (const part of text === '' ? [] : text.split(',')) {
    const [, first = '', last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part) ?? [];
    const [from, through] = [Number(first), Number(last)];
    if (first === '' || through < from || through - from >= MOST_ROWS || rows.size + through - from + 1 > MOST_ROWS) throw invalidQuery('tasks', text, `It must name at most ${MOST_ROWS} numbers of tasks, like 1-200,305.`);
    for (let number = from; number <= through; number += 1) rows.add(number);
  }
  return rows;
}
