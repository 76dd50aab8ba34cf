import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { session, type Exchange } from '../wire/fixtures.ts';
import { RECORDED_EXCEPTIONS, VOLATILE, type VolatileValue } from './recordedExceptions.ts';
import { recordedFiles } from './recordedFiles.ts';
import { recordedStates } from './recordedStates.ts';
import { differences, isServed, withoutRefused } from './recordings.ts';
import { testApi, type Got, type TestApi } from './support.ts';

let it: TestApi;
let states: ReturnType<typeof recordedStates>;
beforeAll(async () => {
  it = await testApi({ files: recordedFiles, nodeRequests: { ask: () => Promise.resolve({ kind: 'done' }) } });
  states = recordedStates(it);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const SESSIONS = ['data-plane-2020', 'az-cli-2024', 'cli-extensions-2022', 'sdk-excerpts'] as const;

/** A session as it goes on: the page that the last answer named, and what has been left out of requests until now. */
interface Course {
  readonly lost: Set<string>;
  next: string | undefined;
}

async function ask({ name, request: { method, url, headers } }: Exchange, body: unknown, course: Course): Promise<Got> {
  const target = url.includes('$skiptoken') && course.next !== undefined ? course.next : url;
  const sent = { method, url: target, ...(body === undefined ? {} : { body }) };
  // Recorded without a signature.
  if (name === 'EX 13') return it.askPlainly(sent);
  const lower = Object.fromEntries(Object.entries(headers ?? {}).map(([header, value]) => [header.toLowerCase(), value]));
  return it.ask({ ...sent, headers: lower });
}

/**
 * Sends one request and says what is otherwise than recorded; what the tables say is refused or not served has to be
 * so.
 */
async function replay(exchange: Exchange, course: Course): Promise<string[]> {
  await states[exchange.name]?.();
  const { body } = exchange.request;
  if (!isServed(exchange)) return (await ask(exchange, body, course)).status === 501 ? [] : ['served, though no handler is listed'];
  const lost = new Set<string>();
  const kept = withoutRefused(body, lost);
  if (lost.size > 0) {
    const refusedNow = await ask(exchange, body, course);
    if (refusedNow.json?.code !== 'UnsupportedProperty') return [`${[...lost].join()} not refused: ${refusedNow.text}`];
    for (const name of lost) course.lost.add(name);
    if (exchange.response.status >= 400) return [];
  }
  const got = await ask(exchange, kept, course);
  course.next = got.json?.['odata.nextLink']?.replace(/^https?:\/\/[^/]*/, '');
  return differences(got, exchange, { lost: course.lost, used: volatile });
}

const used = new Set<unknown>();
const volatile = new Set<VolatileValue>();

describe('sessions with the real service are answered as recorded', () => {
  test.each(SESSIONS)('%s', async (name) => {
    const course: Course = { lost: new Set(), next: undefined };
    const unexplained: string[] = [];
    for (const exchange of session(name)) {
      for (const difference of await replay(exchange, course)) {
        const row = RECORDED_EXCEPTIONS.find((one) => one.exchanges.test(exchange.name) && one.difference.test(difference));
        if (row === undefined) unexplained.push(`${exchange.name}: ${difference}`);
        else used.add(row);
      }
    }
    expect(unexplained).toEqual([]);
  });

  test('every exception explains a difference, every state is of an exchange', () => {
    const names = new Set(SESSIONS.flatMap((name) => session(name).map((exchange) => exchange.name)));
    expect(Object.keys(states).filter((name) => !names.has(name))).toEqual([]);
    expect(RECORDED_EXCEPTIONS.filter((row) => !used.has(row))).toEqual([]);
    expect(VOLATILE.filter((row) => !volatile.has(row))).toEqual([]);
  });
});
