import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATA_SESSIONS, session, type Exchange } from '../wire/fixtures.ts';
import { RECORDED_EXCEPTIONS, VOLATILE, type VolatileValue } from './recordedExceptions.ts';
import { recordedFiles } from './recordedFiles.ts';
import { recordedStates } from './recordedStates.ts';
import { differences, EntityTags } from './recordings.ts';
import { testApi, type Got, type TestApi } from './support.ts';

let it: TestApi;
let states: ReturnType<typeof recordedStates>;
beforeAll(async () => {
  it = await testApi({ files: recordedFiles, nodeRequests: { ask: () => Promise.resolve({ kind: 'done' }) } });
  states = recordedStates(it);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

/** A session as it goes on. */
interface Course {
  readonly tags: EntityTags;
  /** The page that the last answer named. */
  next: string | undefined;
}

async function ask({ name, request: { method, url, headers, body } }: Exchange, course: Course): Promise<Got> {
  const target = url.includes('$skiptoken') && course.next !== undefined ? course.next : url;
  const sent = { method, url: target, ...(body === undefined ? {} : { body }) };
  // Recorded without a signature.
  if (name === 'EX 13') return it.askPlainly(sent);
  const lower = Object.fromEntries(Object.entries(headers ?? {}).map(([header, value]) => [header.toLowerCase(), value]));
  return it.ask({ ...sent, headers: lower });
}

/** Sends one request and says what is otherwise than recorded. */
async function replay(exchange: Exchange, course: Course): Promise<string[]> {
  await states[exchange.name]?.();
  const got = await ask(exchange, course);
  course.next = got.json?.['odata.nextLink']?.replace(/^https?:\/\/[^/]*/, '');
  it.now.value += 1_000;
  return [...differences(got, exchange, { used: volatile }), ...course.tags.differences(got, exchange)];
}

const used = new Set<unknown>();
const volatile = new Set<VolatileValue>();

describe('sessions with the real service are answered as recorded', () => {
  test.each(DATA_SESSIONS)('%s', async (name) => {
    const course: Course = { tags: new EntityTags(), next: undefined };
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
    const names = new Set(DATA_SESSIONS.flatMap((name) => session(name).map((exchange) => exchange.name)));
    expect(Object.keys(states).filter((name) => !names.has(name))).toEqual([]);
    expect(RECORDED_EXCEPTIONS.filter((row) => !used.has(row))).toEqual([]);
    expect(VOLATILE.filter((row) => !volatile.has(row))).toEqual([]);
  });
});
