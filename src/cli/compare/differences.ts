import type { Body } from '../recording/body.ts';
import type { Exchange } from '../recording/exchange.ts';
import { areSameKind } from './values.ts';
import { isMembers, pairItems } from './walk.ts';

/**
 * How an answer differs. `progress`: in what comes and goes by itself, such as a state, so that it says only when each
 * of them was asked.
 */
type DifferenceKind = 'status' | 'code' | 'header' | 'missing' | 'added' | 'type' | 'value' | 'progress';

export interface Difference {
  readonly kind: DifferenceKind;
  /** `status`, `header etag`, or `value[p].vmSize`. */
  readonly place: string;
  /** As recorded; undefined: nothing. */
  readonly there: unknown;
  readonly here: unknown;
}

type Answer = Exchange['answer'];

/** Headers that clients read. Of those with `false` only whether they are there is compared. */
const HEADERS: Readonly<Record<string, boolean>> = {
  'content-type': true,
  dataserviceversion: true,
  'preference-applied': true,
  etag: false,
  'last-modified': false,
  location: false,
  dataserviceid: false,
  'retry-after': false,
  'www-authenticate': false,
  'request-id': false,
  'client-request-id': true,
  'ocp-creation-time': false,
  'ocp-batch-file-isdirectory': true,
  'ocp-batch-file-url': false,
  'ocp-batch-file-mode': true,
};

/** Members that say how far something has come, by the time that somebody asks. */
const PROGRESS: ReadonlySet<string> = new Set([
  'state',
  'allocationState',
  'schedulingState',
  'previousState',
  'previousStateTransitionTime',
  'stateTransitionTime',
  'allocationStateTransitionTime',
  'executionInfo',
  'nodeInfo',
  'stats',
  'currentDedicatedNodes',
  'currentLowPriorityNodes',
  'currentNodeCommunicationMode',
  'resizeErrors',
  'autoScaleRun',
  'runningTasksCount',
  'runningTaskSlotsCount',
  'totalTasksRun',
  'totalTasksSucceeded',
  'recentTasks',
  'startTaskInfo',
  'lastBootTime',
  'taskCounts',
  'taskSlotCounts',
  'dedicated',
  'lowPriority',
  'active',
  'running',
  'completed',
  'succeeded',
  'failed',
  'usageStats',
  'resourceStats',
  'ipAddress',
  'nodeAgentInfo',
  'endpointConfiguration',
]);

/** What differs, in the order of the recorded answer. `here` holds no secrets either, and names of there. */
export function differencesOf(there: Answer, here: Answer): readonly Difference[] {
  const found: Difference[] = [];
  if (there.status !== here.status) found.push({ kind: 'status', place: 'status', there: there.status, here: here.status });
  // An answer and a refusal have nothing else in common.
  if (isRefusal(there) !== isRefusal(here)) {
    const codes = [there, here].map(({ body }) => codeOf(body));
    return codes[0] === codes[1] ? found : [...found, { kind: 'code', place: 'code', there: codes[0], here: codes[1] }];
  }
  for (const [name, isCompared] of Object.entries(HEADERS)) found.push(...headerDifference(name, isCompared, there.headers[name], here.headers[name]));
  found.push(...bodyDifferences(there.body, here.body));
  return found;
}

function isRefusal({ status }: Answer): boolean {
  return status >= 400;
}

function codeOf(body: Body | null): unknown {
  return body !== null && 'json' in body && isMembers(body.json) ? body.json['code'] : undefined;
}

function* headerDifference(name: string, isCompared: boolean, there: string | undefined, here: string | undefined): Generator<Difference> {
  const place = `header ${name}`;
  if (there === undefined || here === undefined) {
    if (there !== here) yield { kind: 'header', place, there, here };
  } else if (isCompared && plainHeader(there) !== plainHeader(here)) yield { kind: 'header', place, there, here };
}

function plainHeader(value: string): string {
  return value.toLowerCase().replaceAll(/\s+/g, '');
}

function* bodyDifferences(there: Body | null, here: Body | null): Generator<Difference> {
  if (there === null || here === null) {
    if (there !== here) yield { kind: there === null ? 'added' : 'missing', place: 'body', there: shownBody(there), here: shownBody(here) };
  } else if ('json' in there && 'json' in here) yield* valueDifferences('', there.json, here.json, false);
  // What tasks write is theirs: bytes are compared where both are text alone.
  else if ('text' in there && 'text' in here) {
    if (there.text !== here.text) yield { kind: 'progress', place: 'body', there: shownBody(there), here: shownBody(here) };
  } else if ('json' in there !== 'json' in here) yield { kind: 'type', place: 'body', there: shownBody(there), here: shownBody(here) };
}

function shownBody(body: Body | null): unknown {
  if (body === null) return undefined;
  if ('json' in body) return body.json;
  return 'text' in body ? body.text.slice(0, 200) : 'base64' in body ? `${body.base64.slice(0, 60)}…` : `${body.bytes} bytes`;
}

function* valueDifferences(place: string, there: unknown, here: unknown, passes: boolean): Generator<Difference> {
  const as = (kind: DifferenceKind): DifferenceKind => (passes ? 'progress' : kind);
  if (there === undefined || here === undefined) yield { kind: as(there === undefined ? 'added' : 'missing'), place, there, here };
  else if (Array.isArray(there) && Array.isArray(here)) {
    for (const pair of pairItems(there, here)) yield* valueDifferences(`${place}${pair.place}`, pair.there, pair.here, passes);
  } else if (isMembers(there) && isMembers(here)) {
    for (const name of new Set([...Object.keys(there), ...Object.keys(here)])) yield* valueDifferences(place === '' ? name : `${place}.${name}`, there[name], here[name], passes || PROGRESS.has(name));
  } else if (typeof there === 'string' && typeof here === 'string') {
    if (!areAlikeTexts(place, there, here)) yield { kind: as('value'), place, there, here };
  } else if (kindOf(there) !== kindOf(here)) yield { kind: as('type'), place, there, here };
  else if (there !== here) yield { kind: as('value'), place, there, here };
}

/** Below a message of an error stand the request's id and time. */
function areAlikeTexts(place: string, there: string, here: string): boolean {
  if (there === here || areSameKind(there, here)) return true;
  const isMessage = /(?:^|\.)message\.value$/.test(place);
  return isMessage && there.split('\n')[0] === here.split('\n')[0];
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}
