import { setTimeout as sleep } from 'node:timers/promises';
import { parseTimestamp } from '../../wire/timestamps.ts';
import { CommandError, EXIT } from '../errors.ts';
import { askOwn, refused, send, type Connection } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';
import { agoOption } from './command.ts';
import { eventsByLooking } from './looking.ts';
import { eventLine, type CloudEvent } from './line.ts';
import { messagesOf } from './messages.ts';

interface EventsOptions extends TargetFlags {
  readonly follow?: boolean;
  readonly since?: string;
  readonly kind?: readonly string[];
  readonly pool?: string;
  readonly job?: string;
  readonly state?: readonly string[];
  readonly json?: boolean;
  readonly format?: 'text' | 'json' | 'azure-monitor';
}

const HOUR_MS = 3_600_000;
/** A service that restarts is asked again so often. */
const AGAIN_MS = 1_000;
const PAGE = 1_000;

/** `linarite events`. @throws CommandError: failure for what the service refuses, notRunning, usage. */
export async function events(options: EventsOptions): Promise<void> {
  const format = options.format ?? (options.json === true ? 'json' : 'text');
  const follow = options.follow === true;
  const query = queryOf(options);
  const from = options.since === undefined ? (follow ? '' : new Date(Date.now() - HOUR_MS).toISOString()) : sinceOf(options.since);
  const connection = (): Connection => targetOf(options);
  if (await isStranger(connection(), query)) {
    if (format === 'azure-monitor') throw new CommandError(EXIT.usage, '--format azure-monitor needs an operation of Linarite itself: Azure sends such logs to Azure Monitor');
    const { kind = [], state = [], pool, job } = options;
    return eventsByLooking(connection(), { wanted: { kind, state, pool, job }, sinceMs: from === '' ? Date.now() : from === 'start' ? 0 : Date.parse(from), follow, show: (event) => print(JSON.stringify(event), format) });
  }
  if (format === 'azure-monitor') query.set('format', format);
  if (follow && format !== 'azure-monitor') await stream(connection, query, from, (text) => print(text, format));
  else await pages(connection, query, { from, follow, show: (text) => (format === 'azure-monitor' ? process.stdout.write(text) : showPage(text, format)) });
}

/** Whether an account tells no events. */
async function isStranger(connection: Connection, query: URLSearchParams): Promise<boolean> {
  return (await askOwn(connection, { path: `/linarite/events?${extended(query, { limit: '1', from: 'start' })}` })) === undefined;
}

function queryOf({ kind = [], pool, job, state = [] }: EventsOptions): URLSearchParams {
  const query = new URLSearchParams();
  for (const word of kind) query.append('kind', word);
  for (const word of state) query.append('state', word);
  if (pool !== undefined) query.set('pool', pool);
  if (job !== undefined) query.set('job', job);
  return query;
}

/** '': not set. */
function extended(query: URLSearchParams, more: Readonly<Record<string, string>>): URLSearchParams {
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) if (value !== '') all.set(name, value);
  return all;
}

function sinceOf(text: string): string {
  if (parseTimestamp(text) !== undefined || text === 'start') return text;
  try {
    return new Date(Date.now() - agoOption(text)).toISOString();
  } catch {
    throw new CommandError(EXIT.usage, `--since is a time like 10m or 2026-01-31T12:00:00Z, and not ${text}`);
  }
}

function print(data: string, format: 'text' | 'json'): void {
  console.log(format === 'json' ? data : eventLine(JSON.parse(data) as CloudEvent));
}

function showPage(text: string, format: 'text' | 'json'): void {
  const { value, gap } = JSON.parse(text) as { readonly value: readonly CloudEvent[]; readonly gap?: CloudEvent };
  for (const event of gap === undefined ? value : [gap, ...value]) print(JSON.stringify(event), format);
}

interface PagesAsked {
  readonly from: string;
  readonly follow: boolean;
  readonly show: (text: string) => void;
}

/** Lists, one after another, until the end; with `follow` looks again. */
async function pages(connection: () => Connection, query: URLSearchParams, { from, follow, show }: PagesAsked): Promise<void> {
  let position = from;
  let isBegun = false;
  for (;;) {
    const asked = extended(query, { limit: String(PAGE), from: position });
    const answer = await reached(connection, `/linarite/events?${asked}`, {}, isBegun);
    const text = answer === null ? '' : await answer.text();
    const next = answer === null ? position : (answer.headers.get('x-linarite-next') ?? (JSON.parse(text) as { readonly next: string }).next);
    if (answer !== null) show(text);
    isBegun ||= answer !== null;
    if (next === position) {
      if (!follow) return;
      await sleep(AGAIN_MS);
    }
    position = next;
  }
}

/** Goes on where it was when the service comes back. */
async function stream(connection: () => Connection, query: URLSearchParams, from: string, show: (data: string) => void): Promise<void> {
  let last: string | null = null;
  for (let isBegun = false; ; isBegun = true) {
    const asked = extended(query, { from });
    const answer = await reached(connection, `/linarite/events?${asked}`, last === null ? {} : { 'last-event-id': last }, isBegun);
    try {
      if (answer?.body !== null && answer !== null) {
        for await (const { id, data } of messagesOf(answer.body)) {
          if (data !== '') show(data);
          last = id ?? last;
        }
      }
    } catch {
      // It broke off.
    }
    await sleep(AGAIN_MS);
  }
}

/** null: the service, which has answered before, is away. @throws CommandError for a refusal, notRunning. */
async function reached(connection: () => Connection, path: string, headers: Readonly<Record<string, string>>, isBegun: boolean): Promise<Response | null> {
  try {
    const connected = connection();
    const answer = await send(connected, { path, headers });
    if (answer.ok) return answer;
    if (isBegun && answer.status >= 500) return null;
    throw refused(connected, answer, await answer.text());
  } catch (error) {
    if (isBegun && error instanceof CommandError && error.exitCode === EXIT.notRunning) return null;
    throw error;
  }
}
