import type { Transition } from '../../core/transitions/transition.ts';
import type { Position } from '../../store/transitions.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import { positionText } from './position.ts';

/** A transition as others hear of it. */
export interface Told {
  readonly position: Position;
  readonly transition: Transition;
  /** As streams tell it. A weak map of these beside costs a tenth of what it takes to write them. */
  frame?: string | undefined;
}

/** CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md). */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

/** `account`: its name. */
export function cloudEvent(account: string, { position, transition }: Told): CloudEvent {
  const { kind, at } = transition;
  return { specversion: '1.0', id: positionText(position), source: `/accounts/${account}`, type: `linarite.${kind}`, subject: subjectOf(transition), time: formatTimestamp(at), datacontenttype: 'application/json', data: dataOf(transition) };
}

/**
 * The same as text. Put together by hand: objects that are made to be written at once cost twice as much, and of each
 * task three events are told.
 */
export function cloudEventText(account: string, { position, transition }: Told): string {
  const { kind, at } = transition;
  const source = JSON.stringify(`/accounts/${account}`);
  return `{"specversion":"1.0","id":"${positionText(position)}","source":${source},"type":"linarite.${kind}","subject":${JSON.stringify(subjectOf(transition))},"time":"${formatTimestamp(at)}","datacontenttype":"application/json","data":{${dataText(transition)}}}`;
}

/** Events up to `after` may be missing: they were dropped before they were asked for. */
export function gapEvent(account: string, after: Position, now: number): CloudEvent {
  const message = 'Events before this one are kept no longer. Look at the state of what you follow, and go on from here.';
  return { specversion: '1.0', id: positionText(after), source: `/accounts/${account}`, type: 'linarite.gap', time: formatTimestamp(now), datacontenttype: 'application/json', data: { message } };
}

/** Paths as the data plane has them. */
function subjectOf(transition: Transition): string {
  if ('task' in transition) return `jobs/${transition.jobId ?? ''}/tasks/${transition.taskId ?? ''}`;
  if ('node' in transition) return `pools/${transition.poolId ?? ''}/nodes/${transition.nodeId}`;
  if ('pool' in transition) return `pools/${transition.poolId}`;
  return 'job' in transition ? `jobs/${transition.jobId}` : `jobschedules/${transition.scheduleId}`;
}

/** Numbers are the service's own. */
const NOT_SHOWN: ReadonlySet<string> = new Set(['kind', 'at', 'from', 'pool', 'node', 'job', 'schedule', 'task', 'startedAt', 'endedAt', 'failure', 'scheduleId']);

function dataOf(transition: Transition): Readonly<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  eachOfData(transition, (name, value) => {
    data[name] = value;
  });
  return data;
}

function dataText(transition: Transition): string {
  let text = '';
  eachOfData(transition, (name, value) => {
    // As objects are written: what is undefined is left out.
    const written = value === null ? 'null' : typeof value === 'number' ? String(value) : JSON.stringify(value);
    if (written !== undefined) text += `${text === '' ? '' : ','}"${name}":${written}`;
  });
  return text;
}

/** What an event tells, in the order in which it is written. Names are letters alone. */
function eachOfData(transition: Transition, take: (name: string, value: unknown) => void): void {
  for (const name of Object.keys(transition)) if (!NOT_SHOWN.has(name)) take(name, Reflect.get(transition, name));
  take('previousState', transition.from);
  if ('scheduleId' in transition) take('jobScheduleId', transition.scheduleId);
  if ('startedAt' in transition && transition.startedAt !== undefined) take('startTime', formatTimestamp(transition.startedAt));
  if ('endedAt' in transition && transition.endedAt !== undefined) take('endTime', formatTimestamp(transition.endedAt));
  if ('failure' in transition) take('failureInfo', transition.failure);
}
