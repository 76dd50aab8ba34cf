import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Together, type Portion } from '../../src/api/together.ts';

interface Ask extends Portion {
  readonly name: string;
}

function ask(name: string, change: Partial<Portion> = {}): Ask {
  return { name, count: 1, size: 1, signal: new AbortController().signal, ...change };
}

/** Work that a test ends by hand: each piece waits for the next call of `end`. */
function byHand(bounds = { count: 3, size: 100 }) {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const together = new Together<Ask, string>({
    bounds,
    work: (key, portions) => {
      begun.push(`${key}: ${portions.map(({ name }) => name).join(' ')}`);
      return new Promise((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve(portions.map(({ name }) => `${name} done`)) : reject(error)));
      });
    },
    maySucceedAlone: (error) => error instanceof Error && error.message === 'refused',
  });
  const end = async (error?: Error): Promise<void> => {
    ends.shift()?.(error);
    await nextTurn();
  };
  return { begun, together, end };
}

test('what comes while one is under way is done together, in its order; each gets its own answer', async () => {
  const { begun, together, end } = byHand();
  const first = together.ask('j', ask('a'));
  await nextTurn();
  const others = ['b', 'c'].map((name) => together.ask('j', ask(name)));
  await nextTurn();
  expect(begun).toEqual(['j: a']);
  await end();
  expect(await first).toBe('a done');
  expect(begun).toEqual(['j: a', 'j: b c']);
  await end();
  expect(await Promise.all(others)).toEqual(['b done', 'c done']);
  void together.ask('j', ask('d'));
  await nextTurn();
  expect(begun).toEqual(['j: a', 'j: b c', 'j: d']);
});

test('what has come in the same turn of the event loop begins together; other keys wait for nothing', async () => {
  const { begun, together } = byHand();
  for (const name of ['a', 'b']) void together.ask('j', ask(name));
  void together.ask('k', ask('c'));
  await nextTurn();
  expect(begun).toEqual(['j: a b', 'k: c']);
});

test('a piece has no more than the bounds let, but one portion that is larger by itself', async () => {
  const { begun, together, end } = byHand({ count: 3, size: 10 });
  for (const name of ['a', 'b', 'c', 'd']) void together.ask('j', ask(name));
  for (const [name, size] of [['e', 6], ['f', 6], ['g', 60]] as const) void together.ask('j', ask(name, { size }));
  void together.ask('j', ask('h', { count: 3 }));
  await nextTurn();
  for (let piece = 0; piece < 5; piece += 1) await end();
  expect(begun).toEqual(['j: a b c', 'j: d e', 'j: f', 'j: g', 'j: h']);
});

test('where one may be to blame for all, each is tried alone: the others succeed', async () => {
  const { begun, together, end } = byHand();
  const outcomes = ['a', 'b', 'c'].map((name) => together.ask('j', ask(name)).catch(({ message }: Error) => message));
  await nextTurn();
  await end(new Error('refused'));
  await end();
  await end(new Error('refused'));
  await end();
  expect(await Promise.all(outcomes)).toEqual(['a done', 'refused', 'c done']);
  expect(begun).toEqual(['j: a b c', 'j: a', 'j: b', 'j: c']);
});

test('what fails for another reason fails for all of the piece, is not tried again, and holds up nothing', async () => {
  const { begun, together, end } = byHand();
  const outcomes = ['a', 'b'].map((name) => together.ask('j', ask(name)).catch(({ message }: Error) => message));
  await nextTurn();
  const next = together.ask('j', ask('c'));
  await end(new Error('the database is away'));
  expect(await Promise.all(outcomes)).toEqual(['the database is away', 'the database is away']);
  await end();
  expect(await next).toBe('c done');
  expect(begun).toEqual(['j: a b', 'j: c']);
});

test('what nobody waits for any more when its turn comes is not done', async () => {
  const { begun, together, end } = byHand();
  const gone = new AbortController();
  void together.ask('j', ask('a'));
  await nextTurn();
  const given = together.ask('j', ask('b', { signal: gone.signal })).catch(({ message }: Error) => message);
  void together.ask('j', ask('c'));
  gone.abort(new Error('late'));
  await end();
  expect(await given).toBe('late');
  expect(begun).toEqual(['j: a', 'j: c']);
});
