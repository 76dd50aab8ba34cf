import { once } from 'node:events';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Accounts } from '../../src/api/accounts.ts';
import { whileStanding } from '../../src/api/standing.ts';

function body(): Readable {
  return new Readable({ read: () => undefined });
}

test('a body goes on while who asked may have it, and while nobody can tell', async () => {
  const accounts = new Accounts([]);
  const answers = [() => true, () => { throw new Error('the database is away'); }, () => false];
  const asked: number[] = [];
  const stream = whileStanding(body(), {
    accounts,
    mayStill: async () => {
      asked.push(answers.length);
      return answers.shift()?.() ?? false;
    },
  });
  accounts.tell();
  await new Promise(setImmediate);
  accounts.tell();
  await new Promise(setImmediate);
  expect(stream.destroyed).toBe(false);
  accounts.tell();
  await once(stream, 'close');
  accounts.tell();
  expect(asked).toEqual([3, 2, 1]);
});

test('what changes while it is looked at is looked at once more', async () => {
  const accounts = new Accounts([]);
  const looks: ((may: boolean) => void)[] = [];
  const stream = whileStanding(body(), { accounts, mayStill: () => new Promise((resolve) => looks.push(resolve)) });
  accounts.tell();
  accounts.tell();
  accounts.tell();
  expect(looks).toHaveLength(1);
  looks[0]?.(true);
  await new Promise(setImmediate);
  expect(looks).toHaveLength(2);
  looks[1]?.(false);
  await once(stream, 'close');
});
