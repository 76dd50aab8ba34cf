import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { supervise } from '../../../src/cli/service/process/supervise.ts';

const log = pino({ level: 'silent' });

/** A part that dies when it is told to. */
function part(): { running: { pid: number; exited: Promise<void>; stop: () => Promise<void> }; die: () => void; stops: () => number } {
  let die: () => void = () => {};
  let stops = 0;
  const exited = new Promise<void>((resolve) => {
    die = resolve;
  });
  const stop = (): Promise<void> => {
    stops += 1;
    die();
    return exited;
  };
  return { running: { pid: process.pid, exited, stop }, die: () => die(), stops: () => stops };
}

describe('a part that is kept running', () => {
  test('is started again though what is told of it throws', async () => {
    const lives = [part(), part()];
    let told = 0;
    let back: () => void = () => {};
    const again = new Promise<void>((resolve) => (back = resolve));
    const supervised = await supervise({
      name: 'part',
      start: () => Promise.resolve(lives.shift()?.running ?? part().running),
      log,
      onChange: () => {
        told += 1;
        if (told === 2) back();
        throw new Error('no room');
      },
    });
    const first = supervised.current();
    await first.stop();
    await again;
    expect(supervised.current()).not.toBe(first);
    await supervised.stop();
  });

  test('is started again when it dies, and the record counts it', async () => {
    const lives = [part(), part()];
    const seen: (number | undefined)[] = [];
    const changes: (() => void)[] = [];
    const changed = (): Promise<void> => new Promise((resolve) => changes.push(resolve));
    const supervised = await supervise({
      name: 'part',
      start: () => Promise.resolve(lives.shift()?.running ?? part().running),
      log,
      onChange: () => {
        seen.push(supervised.record()?.restarts);
        changes.shift()?.();
      },
    });
    const [first] = [supervised.current()];
    const died = changed();
    const back = changed();
    await first.stop();
    await died;
    await back;
    expect(seen).toEqual([undefined, 1]);
    expect(supervised.current()).not.toBe(first);
    await supervised.stop();
  });

  test('that does not start is tried again, pausing twice as long each time up to ten seconds', async () => {
    const first = part();
    const pauses: number[] = [];
    let starts = 0;
    let lives: () => void = () => {};
    const back = new Promise<void>((resolve) => {
      lives = resolve;
    });
    const supervised = await supervise({
      name: 'part',
      start: () => {
        starts += 1;
        if (starts === 1) return Promise.resolve(first.running);
        return starts < 13 ? Promise.reject(new Error('no')) : Promise.resolve(part().running);
      },
      log,
      onChange: () => {
        if (starts === 13) lives();
      },
      pause: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    });
    first.die();
    await back;
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
    await supervised.stop();
  });

  test('that waits to be started again is started at once when it is told to hurry, and with short pauses from then on', async () => {
    const first = part();
    const pauses: number[] = [];
    let starts = 0;
    let waits: () => void = () => {};
    let waiting = new Promise<void>((resolve) => (waits = resolve));
    let lives: () => void = () => {};
    const back = new Promise<void>((resolve) => (lives = resolve));
    const supervised = await supervise({
      name: 'part',
      start: () => {
        starts += 1;
        if (starts === 1) return Promise.resolve(first.running);
        return starts < 4 ? Promise.reject(new Error('PostgreSQL did not start: FATAL: could not write: Disk quota exceeded\nLOG: it is shut down')) : Promise.resolve(part().running);
      },
      log,
      onChange: () => {
        if (starts === 4) lives();
      },
      // Ends only because it is told to.
      pause: (ms, signal) => {
        pauses.push(ms);
        waits();
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    supervised.hurry();
    expect(supervised.trouble()).toBeNull();
    first.die();
    for (let hurries = 0; hurries < 3; hurries += 1) {
      await waiting;
      expect(supervised.trouble()).toBe(hurries === 0 ? 'part ended by itself' : 'part does not start: Disk quota exceeded');
      waiting = new Promise<void>((resolve) => (waits = resolve));
      supervised.hurry();
    }
    await back;
    expect([pauses, supervised.trouble()]).toEqual([[50, 50, 50], null]);
    await supervised.stop();
  });

  test('is left dead once it is stopped, also while it is waited for', async () => {
    let starts = 0;
    const only = part();
    let waiting: () => void = () => {};
    const died = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const supervised = await supervise({
      name: 'part',
      start: () => {
        starts += 1;
        return Promise.resolve(only.running);
      },
      log,
      onChange: () => waiting(),
      // Ends only because it is told to.
      pause: (_ms, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    });
    only.die();
    await died;
    await supervised.stop();
    expect({ starts, stops: only.stops() }).toEqual({ starts: 1, stops: 1 });
  });

  test('whose first start fails is nobody’s to keep', async () => {
    const started = supervise({ name: 'part', start: () => Promise.reject(new Error('no disk')), log, onChange: () => {} });
    await expect(started).rejects.toThrow('no disk');
  });
});
