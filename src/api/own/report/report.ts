/** Our own operation that tells of a job's run in one file to keep or to send (docs/own-operations.md). */
import { buffer } from 'node:stream/consumers';
import { timeText } from '../../../base/times.ts';
import type { TaskNumber } from '../../../core/keys.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { taskNodeNames } from '../../../store/intents/nodes.ts';
import { taskLines } from '../../../store/intents/tasks.ts';
import { usageOfJob } from '../../../store/intents/usage.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { TaskRow } from '../../../wire/own/tasks.ts';
import { withoutSecretForms } from '../../../wire/secrets.ts';
import { hourlyPrice } from '../../../wire/sizes/prices.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { viewOfJob } from '../../data/job/view.ts';
import { askWithin } from '../../data/within.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { readNames } from '../queries.ts';
import { ABSENT, type TaskColumns } from '../tasks/columns.ts';
import { earlierRuns } from '../tasks/earlierRuns.ts';
import { histogramOf, inOrder } from '../tasks/histogram.ts';
import { columnsOf, failedIn } from '../tasks/kept.ts';
import { sorted } from '../tasks/order.ts';
import { taskRow } from '../tasks/rows.ts';
import { inSlices, numbersWhere } from '../tasks/slices.ts';
import { page, type Failure, type Reported } from './page.ts';

export const reportOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/report', right: 'read', of: 'jobs', timeoutMs: 60_000, run: report }];

const SLOWEST = 20;
const FAILED = 20;
const STDERR_BYTES = 4_096;
/** Read before these and not shown: a signature that is cut in two would not be known as one. */
const BEFORE_BYTES = 512;
/** How long the end of one task's stderr is waited for. */
const STDERR_MS = 5_000;
const FAILURE = 2;
const HOUR_MS = 3_600_000;

/** @throws BatchError JobNotFound, and as `columnsOf`. */
async function report(call: OwnCall, parts: Parts): Promise<Answer> {
  readNames(call.query, []);
  const { database } = parts;
  const job = await jobOf(call, database);
  const columns = await columnsOf(database, job, call.signal);
  const [runs, waits] = [await inOrder(columns, 'run', call.now), await inOrder(columns, 'wait', call.now)];
  const slowest = await rowsOf(call, parts, job, [...(await sorted(columns, await numbersWhere(columns.length, (at) => columns.state[at] === COMPLETED), 'runTime', true, call.now)).subarray(0, SLOWEST)]);
  const allFailed = await failedIn(columns);
  const failed = await rowsOf(call, parts, job, [...allFailed.subarray(0, FAILED)]);
  const { counts, retries } = await sumsOf(columns);
  const { runs: earlier, isAll } = await allEarlier(columns, job, call, parts);
  const reported: Reported = {
    job: job.id,
    state: viewOfJob(job).state,
    at: formatTimestamp(call.now),
    began: formatTimestamp(job.createdAt),
    lasted: timeText((job.endedAt ?? call.now) - job.createdAt),
    counts,
    retries,
    preempted: earlier.filter(({ outcome }) => outcome === PREEMPTED).length,
    requeued: earlier.filter(({ outcome }) => outcome === REQUEUED).length,
    isAll,
    runs: await histogramOf(runs, 2),
    waits: await histogramOf(waits, 2),
    cost: await costOf(call, parts, job),
    slowest,
    failed: await Promise.all(failed.map(async (row): Promise<Failure> => ({ row: withoutSecrets(row), stderr: await stderrOf(call, parts, job.id, row.id) }))),
    failedInAll: allFailed.length,
  };
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox", 'content-disposition': `inline; filename="report.html"` }, body: page(reported) };
}

/** Outcomes of a timeline. */
const [PREEMPTED, REQUEUED] = [3, 4];
/** How long the account's events are read for what was given up. */
const EARLIER_MS = 10_000;

async function allEarlier(columns: TaskColumns, job: JobWithStatus, call: OwnCall, parts: Parts): ReturnType<typeof earlierRuns> {
  const until = performance.now() + EARLIER_MS;
  for (;;) {
    const found = await earlierRuns(columns, job, call, parts);
    call.signal.throwIfAborted();
    if (found.isAll || performance.now() > until) return found;
  }
}

const COMPLETED = 3;

/** A report is sent to others: no secret goes with it, whoever asks for it. */
function withoutSecrets({ commandLine, failure, ...row }: TaskRow): TaskRow {
  return { ...row, commandLine: withoutSecretForms(commandLine), ...(failure === undefined ? {} : { failure: { ...failure, message: withoutSecretForms(failure.message) } }) };
}

async function sumsOf({ length, state, result, retries }: TaskColumns): Promise<Pick<Reported, 'counts' | 'retries'>> {
  const counts = { succeeded: 0, failed: 0, running: 0, waiting: 0 };
  let sum = 0;
  await inSlices(length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const is = state[at] ?? ABSENT;
      if (is === ABSENT) continue;
      sum += retries[at] ?? 0;
      if (is === COMPLETED) counts[result[at] === FAILURE ? 'failed' : 'succeeded'] += 1;
      else counts[is === 0 ? 'waiting' : 'running'] += 1;
    }
  });
  return { counts, retries: sum };
}

async function rowsOf({ now }: OwnCall, { database }: Parts, { job }: JobWithStatus, numbers: readonly TaskNumber[]): Promise<readonly TaskRow[]> {
  const lines = await taskLines(database, job, numbers);
  const nodes = await taskNodeNames(database, lines.flatMap(({ node }) => node ?? []));
  return lines.map((line) => taskRow(line, nodes, now));
}

async function costOf({ now }: OwnCall, { database }: Parts, { job }: JobWithStatus): Promise<Reported['cost']> {
  const shares = await usageOfJob(database, job, now);
  const amount = (ms: number, size: string, lowPriority: boolean): number => (ms / HOUR_MS) * (hourlyPrice(size, lowPriority ? 'low' : 'dedicated') ?? 0);
  return {
    nodeHours: shares.reduce((sum, { ms }) => sum + ms / HOUR_MS, 0),
    amount: shares.reduce((sum, { ms, size, lowPriority }) => sum + amount(ms, size, lowPriority), 0),
    lostHours: shares.reduce((sum, { lostMs }) => sum + lostMs / HOUR_MS, 0),
    lost: shares.reduce((sum, { lostMs, size, lowPriority }) => sum + amount(lostMs, size, lowPriority), 0),
  };
}

/** The end of it without secrets; or why there is none. */
async function stderrOf({ principal: { account }, now, baseUrl, signal }: OwnCall, parts: Parts, jobId: string, taskId: string): Promise<string> {
  const within = { params: { jobId, taskId, filePath: 'stderr.txt' }, now, requestId: '', baseUrl, signal: AbortSignal.any([signal, parts.timeout(STDERR_MS)]) };
  try {
    const size = Number((await askWithin(account, parts, { ...within, operation: 'File_GetPropertiesFromTask' })).headers['content-length'] ?? 0);
    if (size === 0) return '';
    const isCut = size > STDERR_BYTES + BEFORE_BYTES;
    const { body } = await askWithin(account, parts, { ...within, operation: 'File_GetFromTask', headers: { 'ocp-range': `bytes=${isCut ? size - STDERR_BYTES - BEFORE_BYTES : 0}-${size - 1}` } });
    const text = withoutSecretForms(body === null ? '' : typeof body === 'string' ? body : (await buffer(body)).toString('utf8'));
    return isCut ? `… the end of ${size} bytes:\n${text.slice(BEFORE_BYTES)}` : text;
  } catch (error) {
    if (signal.aborted) throw error;
    return `(stderr.txt cannot be had: ${error instanceof BatchError ? error.message : 'its node does not answer'})`;
  }
}
