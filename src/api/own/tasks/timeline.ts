import type { Instant, TaskNumber } from '../../../core/keys.ts';
import { taskNodeNames } from '../../../store/intents/nodes.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import { taskIds } from '../../../store/intents/tasks.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import { WORST_FIRST, type Outcome, type Timeline, type TimelineRun } from '../../../wire/own/timeline.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readTime, readWhole } from '../queries.ts';
import { earlierRuns } from './earlierRuns.ts';
import { columnsOf } from './kept.ts';
import { lanesOf, type Lane } from './lanes.ts';
import { endOf, outcomeOf, startOf, taskOf, type Run, type Runs } from './runs.ts';
import { inSlices } from './slices.ts';

export const timelineOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/timeline', right: 'read', of: 'jobs', run: timeline }];

const WIDTH = 800;
const MOST_WIDTH = 4_000;
const LANES = 200;
const MOST_LANES = 1_000;
/** Ids of tasks that an answer names. */
const MOST_IDS = 5_000;

/** @throws BatchError JobNotFound, InvalidQueryParameterValue, and as `columnsOf`. */
async function timeline(call: OwnCall, parts: Parts): Promise<Answer> {
  const asked = readNames(call.query, ['from', 'to', 'width', 'lanes', 'order']);
  const width = readWhole('width', asked.width, { least: 1, most: MOST_WIDTH, usual: WIDTH });
  const [first, last] = readLanes(asked.lanes);
  const byFailed = asked.order === '' || asked.order === 'failed';
  if (!byFailed && asked.order !== 'joined') throw invalidQuery('order', asked.order, 'There are failed and joined.');
  const [askedFrom, askedTo] = [readTime('from', asked.from), readTime('to', asked.to)];
  const { database } = parts;
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const columns = await columnsOf(database, job, call.signal);
  const earlier = await earlierRuns(columns, job, call, parts);
  const { runs, lanes } = await lanesOf(columns, earlier.runs, call.now);
  const [begun, ended] = spanOf(runs, lanes, call.now);
  const from = askedFrom ?? begun;
  const to = Math.max(from + 1, askedTo ?? ended);
  const inOrder = byFailed ? [...lanes.filter(({ hasFailed }) => hasFailed), ...lanes.filter(({ hasFailed }) => !hasFailed)] : lanes;
  const window = { from, to, width, now: call.now };
  const shown: { readonly lane: Lane; readonly bars: readonly TimelineRun[] }[] = [];
  for (const lane of inOrder.slice(first, last + 1)) shown.push({ lane, bars: await barsOf(runs, lane, window) });
  const names = await taskNodeNames(database, shown.map(({ lane }) => lane.node));
  const ids = await taskIds(database, job.job, shown.flatMap(({ bars }) => bars.flatMap(([, , , , number]) => number ?? [])).slice(0, MOST_IDS));
  return json(200, {
    rev,
    from,
    to,
    width,
    lanes: shown.map(({ lane, bars }) => {
      const node = names.get(lane.node);
      return { node: node?.id ?? '', pool: node?.poolId ?? '', slot: lane.slot, runs: bars.map((run) => withId(run, ids)) };
    }),
    total: { lanes: lanes.length, attempts: runs.inOrder.length, isAll: earlier.isAll },
    busy: await busyOf(runs, lanes, window),
  } satisfies Timeline);
}

function withId([px, pixels, outcome, n, number]: TimelineRun, ids: ReadonlyMap<TaskNumber, string>): TimelineRun {
  const id = number === undefined ? undefined : ids.get(number);
  return number === undefined ? [px, pixels, outcome, n] : id === undefined ? [px, pixels, outcome, n, number] : [px, pixels, outcome, n, number, id];
}

/** `0-199`: from the first through the last. */
function readLanes(text: string): readonly [number, number] {
  if (text === '') return [0, LANES - 1];
  const [, first = '', last = ''] = /^(\d{1,7})-(\d{1,7})$/.exec(text) ?? [];
  const [from, through] = [Number(first), Number(last)];
  if (first === '' || through < from || through - from >= MOST_LANES) throw invalidQuery('lanes', text, `It must be like 0-199: from the first through the last of at most ${MOST_LANES}.`);
  return [from, through];
}

/** From the first beginning to the last end, or now. */
function spanOf(runs: Runs, lanes: readonly Lane[], now: Instant): readonly [Instant, Instant] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { runs: own } of lanes) {
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) throw new Error('a lane has no run');
    from = Math.min(from, startOf(runs, first));
    to = Math.max(to, untilOf(runs, last, now));
  }
  return from > to ? [now, now] : [from, to];
}

function untilOf(runs: Runs, run: Run, now: Instant): Instant {
  const endedAt = endOf(runs, run);
  return endedAt === NOTHING ? now : endedAt;
}

interface Window {
  readonly from: Instant;
  readonly to: Instant;
  readonly width: number;
  readonly now: Instant;
}

/** The first and last pixel of what went on from one instant to another; null: none of it is in the window. */
function pixelsOf(begin: Instant, end: Instant, { from, to, width }: Window): readonly [number, number] | null {
  if (end < from || begin > to) return null;
  const place = (at: Instant): number => Math.min(width - 1, Math.max(0, Math.floor(((at - from) / (to - from)) * width)));
  return [place(begin), place(end)];
}

/** What does not reach beyond the pixel of the one before it is told together with it, as the worst of them. */
async function barsOf(runs: Runs, { runs: own }: Lane, window: Window): Promise<readonly TimelineRun[]> {
  const bars: { px: number; last: number; outcome: Outcome; n: number; number: TaskNumber }[] = [];
  const add = (run: Run): void => {
    const pixels = pixelsOf(startOf(runs, run), untilOf(runs, run, window.now), window);
    if (pixels === null) return;
    const [px, last] = pixels;
    const before = bars.at(-1);
    const outcome = outcomeOf(runs, run);
    if (before !== undefined && px <= before.last && (last === px || before.last === before.px)) {
      before.n += 1;
      before.last = Math.max(before.last, last);
      before.outcome = worse(before.outcome, outcome);
    } else bars.push({ px, last, outcome, n: 1, number: taskOf(runs, run) });
  };
  await inSlices(own.length, (from, to) => {
    for (const run of own.slice(from, to)) add(run);
  });
  return bars.map(({ px, last, outcome, n, number }) => (n === 1 ? [px, last - px + 1, outcome, n, number] : [px, last - px + 1, outcome, n]));
}

function worse(one: Outcome, other: Outcome): Outcome {
  return WORST_FIRST.indexOf(one) < WORST_FIRST.indexOf(other) ? one : other;
}

/** How many lanes have something in each pixel. */
async function busyOf(runs: Runs, lanes: readonly Lane[], window: Window): Promise<readonly number[]> {
  const changes = new Int32Array(window.width + 1);
  // Of the lane that is looked at: the last pixel that is counted.
  let reached = -1;
  const add = (run: Run): void => {
    const pixels = pixelsOf(startOf(runs, run), untilOf(runs, run, window.now), window);
    if (pixels === null) return;
    const first = Math.max(pixels[0], reached + 1);
    if (first > pixels[1]) return;
    changes[first] = (changes[first] ?? 0) + 1;
    changes[pixels[1] + 1] = (changes[pixels[1] + 1] ?? 0) - 1;
    reached = pixels[1];
  };
  for (const { runs: own } of lanes) {
    reached = -1;
    await inSlices(own.length, (from, to) => {
      for (const run of own.slice(from, to)) add(run);
    });
  }
  let now = 0;
  return Array.from(changes.subarray(0, window.width), (change) => (now += change));
}
