import { counted } from '../../../base/words.ts';
import { byUrgency, needsAction } from '../../../core/reasons.ts';
import type { AccountNumber, Instant } from '../../../core/keys.ts';
import type { JobExplanation } from '../../../core/port.ts';
import type { JobFailures, OpenJob, TroubledNodes } from '../../../store/intents/overview.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import type { Attention } from '../../../wire/own/overview.ts';
import type { Fix } from '../../../wire/own/common.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Parts } from '../../call.ts';
import { lastRun, viewOfPool } from '../../data/pool/view.ts';
import { explained } from '../explain/explanation.ts';
import { dataFix, pathName } from '../explain/fixes.ts';

/** What an account has that somebody may have to see to. */
export interface Seen {
  readonly account: AccountNumber;
  readonly pools: readonly PoolWithStatus[];
  readonly jobs: readonly OpenJob[];
  readonly nodes: readonly TroubledNodes[];
  readonly failures: readonly JobFailures[];
  readonly now: Instant;
}

const MOST = 100;

/** The most harmful first: jobs that never end, then what holds back whole pools, nodes, and tasks that failed. */
export async function attentionOf(seen: Seen, parts: Parts): Promise<readonly Attention[]> {
  const byId = new Map(seen.pools.map((pool) => [pool.id.toLowerCase(), pool]));
  return [
    ...(await stuckJobs(seen, parts, byId)),
    ...(await Promise.all(seen.pools.map((pool) => ofPool(pool, seen.account, parts)))).flat(),
    ...seen.nodes.map((nodes) => ofNodes(nodes)),
    ...seen.failures.map(ofFailures),
  ].slice(0, MOST);
}

/** Reading why the tasks of a job wait takes the owner's thread: so many jobs, and so long, at most. */
const MOST_JOBS = 50;
const JOBS_BUDGET_MS = 40;

async function stuckJobs({ account, jobs }: Seen, { explanations }: Parts, pools: ReadonlyMap<string, PoolWithStatus>): Promise<readonly Attention[]> {
  const until = performance.now() + JOBS_BUDGET_MS;
  const found: Attention[] = [];
  for (const job of jobs.filter(({ waiting }) => waiting > 0).slice(0, MOST_JOBS)) {
    if (performance.now() > until) break;
    const explanation = await explanations.job(account, job.job);
    if (explanation) found.push(...stuck(job, explanation, pools.get(job.poolId?.toLowerCase() ?? '') ?? null));
  }
  return found;
}

function stuck(job: OpenJob, { reasons }: JobExplanation, pool: PoolWithStatus | null): readonly Attention[] {
  const first = reasons.find(({ reason }) => needsAction(reason));
  if (first === undefined) return [];
  const { message, fixes } = explained(first.reason, { pool, jobId: job.jobId });
  const sentence = `${counted(first.tasks, 'task')} of job ${job.jobId} will not run unless something changes. ${message}`;
  return [{ code: 'JobCannotFinish', sentence, object: { kind: 'job', job: job.jobId }, since: formatTimestamp(job.createdAt), count: first.tasks, fixes }];
}

async function ofPool(pool: PoolWithStatus, account: AccountNumber, { explanations }: Parts): Promise<readonly Attention[]> {
  const object = { kind: 'pool', pool: pool.id } as const;
  const run = lastRun(pool);
  const view = viewOfPool(pool);
  const errors = pool.resizeErrors === null ? '[]' : pool.resizeErrors;
  const isStuck = view.state === 'active' && view.allocationState === 'steady' && errors !== '[]';
  const [reason] = isStuck ? byUrgency((await explanations.pool(account, pool.pool)) ?? []).filter(({ code }) => code === 'WaitingForNodes') : [];
  const formula = run?.error ?? null;
  return [
    ...(reason === undefined ? [] : [{ code: 'PoolStuck', sentence: explained(reason, { pool }).message, object, since: formatTimestamp(view.allocationSince), count: 1, fixes: explained(reason, { pool }).fixes } as const]),
    ...(formula === null || run === null ? [] : [{ code: 'FormulaFailed', ...sentenceAndFixes(pool, formula), object, since: formatTimestamp(run.evaluatedAt), count: 1 } as const]),
  ];
}

function sentenceAndFixes(pool: PoolWithStatus, error: NonNullable<NonNullable<ReturnType<typeof lastRun>>['error']>): { readonly sentence: string; readonly fixes: readonly Fix[] } {
  const { message, fixes } = explained({ code: 'FormulaFailed', poolId: pool.id, error }, { pool });
  return { sentence: message, fixes };
}

function ofNodes({ poolId, state, nodes, since, nodeIds }: TroubledNodes): Attention {
  const [first = ''] = nodeIds;
  const is = state === 'unusable' ? `${nodes === 1 ? 'is' : 'are'} unusable` : `${nodes === 1 ? 'has' : 'have'} failed the start task`;
  const reboot = state === 'unusable' ? 'Reboot the node' : 'Run the start task again: reboot the node';
  const fixes = [
    ...(nodes === 1 ? [dataFix(reboot, `/pools/${pathName(poolId)}/nodes/${pathName(first)}/reboot`, { nodeRebootOption: 'requeue' })] : []),
    dataFix(`Remove the ${nodes === 1 ? 'node' : counted(nodeIds.length, 'node')}`, `/pools/${pathName(poolId)}/removenodes`, { nodeList: nodeIds, nodeDeallocationOption: 'requeue' }),
  ];
  return {
    code: state === 'unusable' ? 'NodeUnusable' : 'StartTaskFailed',
    sentence: nodes === 1 ? `Node ${first} of pool ${poolId} ${is}.` : `${nodes} nodes of pool ${poolId} ${is}.`,
    object: nodes === 1 ? { kind: 'node', pool: poolId, node: first } : { kind: 'pool', pool: poolId },
    since: formatTimestamp(since),
    count: nodes,
    fixes,
  };
}

function ofFailures({ jobId, open, tasks, since }: JobFailures): Attention {
  return { code: 'TasksFailed', sentence: `${counted(tasks, 'task')} of job ${jobId} ${tasks === 1 ? 'has' : 'have'} failed in the last 24 hours.`, object: { kind: 'job', job: jobId }, since: formatTimestamp(since), count: tasks, fixes: open ? [{ label: 'Run the failed tasks again', method: 'POST', path: `/linarite/jobs/${pathName(jobId)}/bulk`, body: { action: 'rerun', filter: "executionInfo/result eq 'failure'" } }] : [] };
}
