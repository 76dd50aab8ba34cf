import { at, text, type Item } from '../resources/nouns.ts';
import type { CloudEvent } from './line.ts';

/** An object of an account as it was at one look. */
export interface Seen {
  readonly noun: 'pool' | 'node' | 'job' | 'task';
  /** `jobs/J/tasks/T`. */
  readonly subject: string;
  readonly ids: Readonly<Record<string, string>>;
  readonly item: Item;
}

/** All that one look has found, by subject. */
export type Look = ReadonlyMap<string, Seen>;

interface Stage {
  readonly kind: string;
  readonly state: string;
  /** When it came to it. */
  readonly time: string;
}

/** What each is in, as events name it (docs/events.md). */
function stageOf({ noun, item }: Seen, before: Seen | undefined): Stage {
  const state = text(item, 'state');
  const time = text(item, 'stateTransitionTime');
  switch (noun) {
    case 'pool': {
      if (state !== 'active') return { kind: `pool.${state}`, state, time };
      const allocation = text(item, 'allocationState');
      return { kind: `pool.${allocation === 'steady' ? 'resized' : allocation}`, state: allocation, time: text(item, 'allocationStateTransitionTime') };
    }
    case 'node':
    case 'job':
      return { kind: `${noun}.${state}`, state, time };
    case 'task': {
      const ended = text(item, 'executionInfo.result') === 'failure' ? 'failed' : 'succeeded';
      const active = text(before?.item ?? {}, 'state') === 'completed' ? 'reactivated' : 'requeued';
      return { kind: `task.${state === 'completed' ? ended : state === 'active' ? active : state}`, state, time };
    }
  }
}

/**
 * Events that make the one look of the other, in the order of their times. `before` null: what a first look tells of
 * what has changed since `sinceMs`. What came and went between two looks nobody hears of. `nowMs`: when what is gone
 * was missed.
 */
export function eventsBetween(before: Look | null, now: Look, { sinceMs, nowMs, source }: { readonly sinceMs: number; readonly nowMs: number; readonly source: string }): readonly CloudEvent[] {
  const found: CloudEvent[] = [];
  const tell = (seen: Seen, { kind, state, time }: Stage, previousState: string | null, details: Readonly<Record<string, unknown>>): void => void found.push({ specversion: '1.0', id: `${seen.subject}@${time}@${kind}`, source, type: `linarite.${kind}`, time, subject: seen.subject, datacontenttype: 'application/json', data: { ...seen.ids, state, previousState, ...details } });
  for (const seen of now.values()) {
    const was = before?.get(seen.subject);
    const stage = stageOf(seen, was);
    const created = text(seen.item, 'creationTime') || text(seen.item, 'allocationTime');
    const isNew = before === null ? Date.parse(created) >= sinceMs : was === undefined;
    if (isNew && seen.noun !== 'node') tell(seen, { kind: `${seen.noun}.created`, state: 'active', time: created }, null, {});
    const isFirst = was === undefined && ['job.active', 'task.requeued'].includes(stage.kind);
    const earlier = was === undefined ? null : stageOf(was, undefined);
    const isChanged = earlier === null ? (before === null ? Date.parse(stage.time) >= sinceMs : isNew) : earlier.time !== stage.time || earlier.state !== stage.state;
    if (isChanged && !isFirst) tell(seen, stage, earlier?.state ?? null, detailsOf(seen));
  }
  for (const seen of before?.values() ?? []) {
    if (!now.has(seen.subject)) tell(seen, { kind: seen.noun === 'node' ? 'node.gone' : `${seen.noun}.deleted`, state: 'deleted', time: new Date(nowMs).toISOString() }, stageOf(seen, undefined).state, {});
  }
  return found.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

/** What an event of this noun tells beside ids and states. */
const DETAILS: Readonly<Record<Seen['noun'], Readonly<Record<string, string>>>> = {
  pool: { currentDedicatedNodes: 'currentDedicatedNodes', targetDedicatedNodes: 'targetDedicatedNodes', currentLowPriorityNodes: 'currentLowPriorityNodes', targetLowPriorityNodes: 'targetLowPriorityNodes', errors: 'resizeErrors' },
  node: { errors: 'errors' },
  job: { reason: 'executionInfo.terminateReason' },
  task: { exitCode: 'executionInfo.exitCode', result: 'executionInfo.result', retryCount: 'executionInfo.retryCount', startTime: 'executionInfo.startTime', endTime: 'executionInfo.endTime', failureInfo: 'executionInfo.failureInfo', nodeId: 'nodeInfo.nodeId', poolId: 'nodeInfo.poolId' },
};

function detailsOf({ noun, item }: Seen): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(DETAILS[noun]).flatMap(([name, path]) => (at(item, path) === undefined ? [] : [[name, at(item, path)]])));
}

/** As the service selects (docs/events.md). */
export interface Wanted {
  readonly kind: readonly string[];
  readonly state: readonly string[];
  readonly pool: string | undefined;
  readonly job: string | undefined;
}

export function isWanted({ type, data }: CloudEvent, { kind, state, pool, job }: Wanted): boolean {
  const own = type.replace(/^linarite\./, '');
  const isMeant = (word: string): boolean => word === own || own.startsWith(`${word.replace(/\.\*$/, '')}.`) || (word === 'task.completed' && ['task.succeeded', 'task.failed'].includes(own));
  const isId = (name: string, id: string | undefined): boolean => id === undefined || String(data[name] ?? '').toLowerCase() === id.toLowerCase();
  return (kind.length === 0 || kind.some(isMeant)) && (state.length === 0 || state.includes(String(data['state']))) && isId('poolId', pool) && isId('jobId', job);
}
