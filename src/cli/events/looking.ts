import { setTimeout as pause } from 'node:timers/promises';
import { isKindSelector } from '../../api/events/selection.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Connection } from '../ownOperations.ts';
import { NOUNS, text, type Item } from '../resources/nouns.ts';
import { pages, pathOfList } from '../resources/requests.ts';
import { eventsBetween, isWanted, type Look, type Seen, type Wanted } from './looks.ts';
import type { CloudEvent } from './line.ts';

/** As often as a real account likes to be asked for lists. */
const BETWEEN_LOOKS_MS = 5_000;
/** A service that is away is looked at again for so long. */
const MOST_SILENCE_MS = 60_000;

export interface Looking {
  readonly wanted: Wanted;
  readonly sinceMs: number;
  readonly follow: boolean;
  readonly show: (event: CloudEvent) => void;
}

/**
 * Events of an account that tells none: what has changed from one look to the next. Endless with `follow`. @throws
 * CommandError usage, failure, notRunning.
 */
export async function eventsByLooking(connection: Connection, { wanted, sinceMs, follow, show }: Looking): Promise<void> {
  const unknown = wanted.kind.find((word) => !isKindSelector(word));
  if (unknown !== undefined) throw new CommandError(EXIT.usage, `${unknown} is no kind of events: there are task.failed, job.completed, node and the like`);
  const { endpoint } = connection;
  const source = `/accounts/${new URL(endpoint).hostname.split('.')[0] ?? ''}`;
  console.error(`linarite: ${endpoint} tells no events: these are what differs from look to look${follow ? `, every ${BETWEEN_LOOKS_MS / 1_000} s` : ''}`);
  let before: Look | null = null;
  let lookedAt = Date.now();
  for (;;) {
    try {
      const now = await look(connection, wanted);
      for (const event of eventsBetween(before, now, { sinceMs, nowMs: Date.now(), source })) if (isWanted(event, wanted)) show(event);
      before = now;
      lookedAt = Date.now();
    } catch (error) {
      const isAway = error instanceof CommandError && error.exitCode === EXIT.notRunning;
      if (before === null || !isAway || Date.now() - lookedAt > MOST_SILENCE_MS) throw error;
    }
    if (!follow) return;
    await pause(BETWEEN_LOOKS_MS);
  }
}

const SELECTS = {
  pool: 'id,state,stateTransitionTime,creationTime,allocationState,allocationStateTransitionTime,currentDedicatedNodes,targetDedicatedNodes,currentLowPriorityNodes,targetLowPriorityNodes,resizeErrors',
  node: 'id,state,stateTransitionTime,allocationTime,errors',
  job: 'id,state,stateTransitionTime,creationTime,executionInfo',
  task: 'id,state,stateTransitionTime,creationTime,executionInfo,nodeInfo',
} as const;

/** Only what is wanted is asked for: tasks of one job, and none where no task is meant. */
async function look(connection: Connection, { kind, pool, job }: Wanted): Promise<Look> {
  const found = new Map<string, Seen>();
  const isMeant = (noun: Seen['noun']): boolean => kind.length === 0 || kind.some((word) => word === noun || word.startsWith(`${noun}.`));
  const list = async (noun: Seen['noun'], parent: string | undefined, keep: (item: Item, id: string) => Seen): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const page of pages(connection, pathOfList(NOUNS[noun], parent), { $select: SELECTS[noun] })) {
      for (const item of page) {
        const id = text(item, 'id');
        const seen = keep(item, id);
        found.set(seen.subject, seen);
        ids.push(id);
      }
    }
    return ids;
  };
  if (job === undefined && (isMeant('pool') || isMeant('node'))) {
    const pools = await list('pool', undefined, (item, id) => ({ noun: 'pool', subject: `pools/${id}`, ids: { poolId: id }, item }));
    const wantedPools = isMeant('node') ? pools.filter((id) => pool === undefined || id.toLowerCase() === pool.toLowerCase()) : [];
    for (const poolId of wantedPools) await list('node', poolId, (item, id) => ({ noun: 'node', subject: `pools/${poolId}/nodes/${id}`, ids: { poolId, nodeId: id }, item }));
  }
  if (isMeant('job') || isMeant('task')) {
    const jobs = await list('job', undefined, (item, id) => ({ noun: 'job', subject: `jobs/${id}`, ids: { jobId: id, ...poolIdOf(item) }, item }));
    const wantedJobs = isMeant('task') ? jobs.filter((id) => job === undefined || id.toLowerCase() === job.toLowerCase()) : [];
    for (const jobId of wantedJobs) await list('task', jobId, (item, id) => ({ noun: 'task', subject: `jobs/${jobId}/tasks/${id}`, ids: { jobId, taskId: id }, item }));
  }
  return found;
}

function poolIdOf(job: Item): Readonly<Record<string, string>> {
  const poolId = text(job, 'executionInfo.poolId');
  return poolId === '' ? {} : { poolId };
}
