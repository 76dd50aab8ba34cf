import { expect, test } from 'vitest';
import { DATA_SESSIONS, MANAGEMENT_SESSIONS, RECORDED, session, STUB_SESSIONS } from './fixtures.ts';

// Each session is replayed whole; what may be answered otherwise stands in the tables of exceptions, with the reason.
test('every recorded exchange is in a session that is replayed, once', () => {
  const recorded = Object.entries(RECORDED).flatMap(([recording, count]) => Array.from({ length: count }, (_none, index) => `${recording} ${index + 1}`));
  const replayed = [...DATA_SESSIONS, ...MANAGEMENT_SESSIONS, ...STUB_SESSIONS].flatMap((name) => session(name).map((exchange) => exchange.name));
  expect(replayed.toSorted()).toEqual(recorded.toSorted());
});

test('a session has its exchanges in the order of the recording', () => {
  for (const name of [...DATA_SESSIONS, ...MANAGEMENT_SESSIONS, ...STUB_SESSIONS]) {
    const numbers = session(name).map((exchange) => Number(exchange.name.split(' ')[1]));
    expect(numbers, name).toEqual(numbers.toSorted((one, other) => one - other));
  }
});
