import type { AccountNumber } from '../../../core/keys.ts';
import type { RecordedRun } from '../../../ports.ts';
import { nodeHistory, taskHistory } from '../../../store/intents/jobHistory.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { findPool } from '../../../store/intents/pools.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { readJournalAround, type JournalRow } from '../../../store/journal.ts';
import type { JobRules } from '../../../store/rules.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { storedPool, viewOfPool } from '../../data/pool/view.ts';

/** The last word of an agent is in the journal by then. */
const JOURNAL_MARGIN_MS = 2_000;
/** How long words take shows in the first ticks; what stands in later ones says nothing else. */
const MOST_JOURNAL_BYTES = 16 * 1024 * 1024;

/**
 * What is on record of a job and of the pool that it ran on. `pool`: null, it has gone. Null for a job of more than
 * `mostTasks` tasks; with null there, any job is read.
 */
export async function readRun(database: Database, account: AccountNumber, job: JobWithStatus, mostTasks: number | null): Promise<{ readonly run: RecordedRun; readonly pool: PoolWithDefaults | null } | null> {
  const rules = JSON.parse(job.rules) as JobRules;
  const tasks = await taskHistory(database, job.job, mostTasks === null ? null : mostTasks + 1);
  if (mostTasks !== null && tasks.length > mostTasks) return null;
  const found = await findPool(database, account, rules.poolId || (job.autoPoolId ?? ''));
  const nodes = found === null ? [] : await nodeHistory(database, account, found.pool);
  return { run: { id: job.id, rules, tasks, nodes, journal: await journalOf(database, account, tasks) }, pool: found === null ? null : sized(found) };
}

/** A pool as it is now: a resize since it was made counts. */
export function sized(found: Parameters<typeof viewOfPool>[0]): PoolWithDefaults {
  const { targetDedicated, targetLowPriority } = viewOfPool(found);
  return { ...storedPool(found), targetDedicatedNodes: targetDedicated, targetLowPriorityNodes: targetLowPriority };
}

async function journalOf(database: Database, account: AccountNumber, tasks: RecordedRun['tasks']): Promise<readonly JournalRow[]> {
  const from = tasks.reduce((first, { createdAt }) => Math.min(first, createdAt), Number.POSITIVE_INFINITY);
  if (from === Number.POSITIVE_INFINITY) return [];
  const until = tasks.reduce((last, { endedAt }) => Math.max(last, endedAt ?? 0), from) + JOURNAL_MARGIN_MS;
  const journal: JournalRow[] = [];
  let bytes = 0;
  for await (const row of readJournalAround(database, account, { from, until })) {
    bytes += row.inputs.length + (row.beginning?.length ?? 0);
    if (bytes > MOST_JOURNAL_BYTES) break;
    // Copies: what the driver gives are views of far larger pieces, which a thread would be given whole.
    journal.push({ ...row, inputs: new Uint8Array(row.inputs), ...(row.beginning ? { beginning: new Uint8Array(row.beginning) } : null) });
  }
  return journal;
}
