import type { ExplainedReason, Explanation } from '../../wire/own/explanation.ts';
import type { Connection } from '../ownOperations.ts';
import { one, type Place } from './find.ts';
import { at, NOUNS, text, type Item } from './nouns.ts';
import { get, pages, pathOf, pathOfList } from './requests.ts';

/**
 * Why something waits, as far as the states of an account tell that has no operations of Linarite itself: what pool,
 * job, nodes and dependencies say. Reasons have no fixes. @throws CommandError failure: there is no such thing;
 * notRunning.
 */
export async function explainFromStates(place: Place, id: string): Promise<Explanation> {
  const item = await one(place, id);
  const reasons = await reasonsOf(place, id, item);
  const none = `${capital(place.noun.name)} ${id} is ${text(item, 'state')}, and nothing that its states tell is against it.`;
  return { rev: '', sentence: reasons[0]?.message ?? none, reasons };
}

async function reasonsOf({ connection, noun, parentId = '' }: Place, id: string, item: Item): Promise<readonly ExplainedReason[]> {
  switch (noun.name) {
    case 'pool':
      return poolReasons(id, item);
    case 'node':
      return nodeReasons(id, item);
    case 'job':
      return jobReasons(connection, id, item);
    case 'task':
      return taskReasons(connection, { jobId: parentId, id, task: item });
    case 'schedule':
      return [];
  }
}

function reason(code: string, message: string, { stays = false }: { readonly stays?: boolean } = {}): ExplainedReason {
  return { code, message, data: {}, stays, never: false, nodes: [], fixes: [] };
}

function poolReasons(id: string, pool: Item): readonly ExplainedReason[] {
  const errors = (at(pool, 'resizeErrors') as readonly Item[] | undefined) ?? [];
  const formula = text(pool, 'autoScaleRun.error.message');
  const counts = (kind: 'Dedicated' | 'LowPriority'): readonly [current: number, target: number] => [Number(at(pool, `current${kind}Nodes`) ?? 0), Number(at(pool, `target${kind}Nodes`) ?? 0)];
  const [dedicated, lowPriority] = [counts('Dedicated'), counts('LowPriority')];
  const isShort = [dedicated, lowPriority].some(([current, target]) => current < target);
  const told = `${dedicated[0]} of ${dedicated[1]} dedicated and ${lowPriority[0]} of ${lowPriority[1]} low-priority nodes`;
  return [
    ...(text(pool, 'state') === 'deleting' ? [reason('poolBeingDeleted', `Pool ${id} is being deleted.`, { stays: true })] : []),
    ...errors.map((error) => reason('resizeError', `Pool ${id} has ${told}: ${text(error, 'code')}: ${text(error, 'message')}`, { stays: true })),
    ...(formula === '' ? [] : [reason('formulaFails', `The formula of pool ${id} fails: ${formula}`, { stays: true })]),
    ...(text(pool, 'allocationState') === 'resizing' ? [reason('poolIsResizing', `Pool ${id} is being resized and has ${told}.`)] : isShort && errors.length === 0 ? [reason('poolIsShort', `Pool ${id} has ${told}.`)] : []),
  ];
}

function nodeReasons(id: string, node: Item): readonly ExplainedReason[] {
  const state = text(node, 'state');
  const errors = (at(node, 'errors') as readonly Item[] | undefined) ?? [];
  return [
    ...(text(node, 'schedulingState') === 'disabled' ? [reason('schedulingDisabled', `Node ${id} takes no tasks, since its scheduling is disabled.`, { stays: true })] : []),
    ...(['idle', 'running'].includes(state) ? [] : [reason('nodeState', `Node ${id} is ${state}.`, { stays: ['unusable', 'starttaskfailed'].includes(state) })]),
    ...errors.map((error) => reason('nodeError', `Node ${id}: ${text(error, 'code')}: ${text(error, 'message')}`, { stays: true })),
  ];
}

async function jobReasons(connection: Connection, id: string, job: Item): Promise<readonly ExplainedReason[]> {
  const state = text(job, 'state');
  const scheduling = text(job, 'executionInfo.schedulingError.message');
  const counts = (await get(connection, `${pathOf(NOUNS.job, undefined, id)}/taskcounts`)) ?? {};
  const waiting = Number(at(counts, 'taskCounts.active') ?? 0);
  const own = [
    ...(scheduling === '' ? [] : [reason('schedulingError', `Job ${id} could not be scheduled: ${scheduling}`, { stays: true })]),
    ...(state === 'active' ? [] : [reason('jobState', `Job ${id} is ${state}.`, { stays: state !== 'enabling' })]),
  ];
  return waiting === 0 ? own : [...own, ...(await whereReasons(connection, job))];
}

async function taskReasons(connection: Connection, { jobId, id, task }: { readonly jobId: string; readonly id: string; readonly task: Item }): Promise<readonly ExplainedReason[]> {
  const state = text(task, 'state');
  if (state === 'completed') return [];
  if (state !== 'active') return [reason('taskIsUnderWay', `Task ${id} is ${state} on node ${text(task, 'nodeInfo.nodeId')}.`)];
  const job = (await get(connection, pathOf(NOUNS.job, undefined, jobId))) ?? {};
  const jobState = text(job, 'state');
  return [
    ...(jobState === 'active' ? [] : [reason('jobState', `Job ${jobId} is ${jobState}.`, { stays: true })]),
    ...(await dependencyReasons(connection, { jobId, id, task })),
    ...(await whereReasons(connection, job)),
  ];
}

/** Most dependencies that are asked about. */
const MOST_ASKED = 20;

async function dependencyReasons(connection: Connection, { jobId, id, task }: { readonly jobId: string; readonly id: string; readonly task: Item }): Promise<readonly ExplainedReason[]> {
  const ids = ((at(task, 'dependsOn.taskIds') as readonly string[] | undefined) ?? []).slice(0, MOST_ASKED);
  const ranges = (at(task, 'dependsOn.taskIdRanges') as readonly unknown[] | undefined) ?? [];
  const found: ExplainedReason[] = [];
  for (const other of ids) {
    const task = await get(connection, pathOf(NOUNS.task, jobId, other), { $select: 'id,state,executionInfo' });
    if (task === undefined) found.push(reason('dependencyIsMissing', `Task ${id} depends on task ${other}, which is not there.`, { stays: true }));
    else if (text(task, 'state') !== 'completed') found.push(reason('dependencyWaits', `Task ${id} depends on task ${other}, which is ${text(task, 'state')}.`));
    else if (text(task, 'executionInfo.result') === 'failure') found.push(reason('dependencyFailed', `Task ${id} depends on task ${other}, which has failed: unless its exit conditions satisfy those that depend on it, task ${id} waits for good.`, { stays: true }));
  }
  return ranges.length === 0 ? found : [...found, reason('dependsOnRanges', `Task ${id} depends on ${ranges.length === 1 ? 'a range' : `${ranges.length} ranges`} of tasks; whether they have ended is not looked at.`)];
}

/** What the pool of a job and its nodes say. */
async function whereReasons(connection: Connection, job: Item): Promise<readonly ExplainedReason[]> {
  const poolId = text(job, 'executionInfo.poolId') || text(job, 'poolInfo.poolId');
  if (poolId === '') return [reason('noPoolYet', 'The job has no pool yet.')];
  const pool = await get(connection, pathOf(NOUNS.pool, undefined, poolId));
  if (pool === undefined) return [reason('poolIsMissing', `There is no pool ${poolId}.`, { stays: true })];
  const states: string[] = [];
  for await (const page of pages(connection, pathOfList(NOUNS.node, poolId), { $select: 'id,state,schedulingState' })) states.push(...page.map((node) => (text(node, 'schedulingState') === 'disabled' ? 'disabled' : text(node, 'state'))));
  const counted = [...new Set(states)].map((state) => `${states.filter((one) => one === state).length} ${state}`).join(', ');
  const nodes = states.length === 0 ? [reason('poolHasNoNodes', `Pool ${poolId} has no nodes.`)] : states.includes('idle') ? [] : [reason('noIdleNode', `None of the ${states.length} nodes of pool ${poolId} is idle: ${counted}.`)];
  return [...poolReasons(poolId, pool), ...nodes];
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
