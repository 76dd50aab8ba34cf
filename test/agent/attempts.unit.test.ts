import { beforeEach, describe, expect, test } from 'vitest';
import { type Attempts, createAttempts } from '../../src/agent/attempts.ts';
import type { PreparationWork } from '../../src/agent/frames.ts';
import type { Report } from '../../src/agent/reports.ts';
import type { AttemptOutcome } from '../../src/core/events.ts';
import { attemptName, type AttemptKey } from '../../src/core/keys.ts';
import { work } from './scriptedOwner.ts';

function key(task: number, attempt = 1): AttemptKey {
  return { job: 1, task, attempt, instance: 0 };
}

describe('the attempts of a node with 4 slots', () => {
  let attempts: Attempts;
  let said: string[];
  let running: Map<string, (outcome: AttemptOutcome) => void>;
  let prepare: (preparation: PreparationWork) => boolean | Promise<boolean>;
  beforeEach(() => {
    said = [];
    running = new Map();
    prepare = () => true;
    attempts = createAttempts({
      slots: 4,
      now: () => 5,
      report: (report: Report) => said.push(`${report.kind} ${report.kind === 'ended' ? `${attemptName(report.end.key)} ${report.end.outcome.kind}` : 'key' in report && report.kind !== 'jobTask' ? attemptName(report.key) : ''}`),
      begun: (started) => said.push(`begun ${attemptName(started)}`),
      onEnded: () => {},
      prepare: (preparation) => prepare(preparation),
      start: (started) => {
        const name = attemptName(started);
        let finish: (outcome: AttemptOutcome) => void = () => {};
        const done = new Promise<AttemptOutcome>((resolve) => {
          finish = resolve;
        });
        running.set(name, finish);
        return { done, end: () => finish({ kind: 'killed', exitCode: 137 }) };
      },
    });
    attempts.open();
  });
  const offer = (task: number, slots = 1, attempt = 1): void => attempts.command({ kind: 'offer', key: key(task, attempt), work: work({ commandLine: 'x', slots }) });
  const exit = async (name: string): Promise<void> => {
    running.get(name)?.({ kind: 'exited', exitCode: 0 });
    running.delete(name);
    await new Promise((resolve) => setImmediate(resolve));
  };

  test('start by themselves in the order of the offers as slots become free, the end being told before the next start', async () => {
    for (const task of [1, 2, 3, 4, 5, 6]) offer(task);
    expect([...running.keys()]).toEqual(['1.1.1.0', '1.2.1.0', '1.3.1.0', '1.4.1.0']);
    expect(attempts.held().filter(({ state }) => state === 'offered').map(({ key }) => key.task)).toEqual([5, 6]);
    await exit('1.2.1.0');
    expect(said.slice(-2)).toEqual(['ended 1.2.1.0 exited', 'begun 1.5.1.0']);
  });

  test('one that needs more slots than are free holds back those behind it', async () => {
    offer(1, 2);
    offer(2, 3);
    offer(3, 1);
    expect([...running.keys()]).toEqual(['1.1.1.0']);
    await exit('1.1.1.0');
    expect([...running.keys()]).toEqual(['1.2.1.0', '1.3.1.0']);
  });

  test('one that can never fit is given back', () => {
    offer(1, 5);
    offer(2);
    expect(said).toEqual(['revoked 1.1.1.0', 'begun 1.2.1.0']);
  });

  test('an offer said twice runs once, also after its end', async () => {
    offer(1);
    offer(1);
    await exit('1.1.1.0');
    offer(1);
    expect(said).toEqual(['begun 1.1.1.0', 'ended 1.1.1.0 exited']);
    offer(1, 1, 2);
    expect(said.at(-1)).toBe('begun 1.1.2.0');
  });

  test('a revoke is answered `revoked` before the start and `started` after it', () => {
    offer(1, 4);
    offer(2);
    attempts.command({ kind: 'revoke', key: key(2) });
    attempts.command({ kind: 'revoke', key: key(1) });
    expect(said).toEqual(['begun 1.1.1.0', 'revoked 1.2.1.0', 'started 1.1.1.0']);
  });

  test('a revoked offer makes room for those behind it', () => {
    offer(1, 2);
    offer(2, 4);
    offer(3, 2);
    attempts.command({ kind: 'revoke', key: key(2) });
    expect(said.slice(-2)).toEqual(['revoked 1.2.1.0', 'begun 1.3.1.0']);
  });

  test('an offer that comes after its own revoke is refused', () => {
    attempts.command({ kind: 'revoke', key: key(1) });
    offer(1);
    expect(said).toEqual(['revoked 1.1.1.0']);
  });

  test('an end kills what runs and takes back what waits', async () => {
    offer(1, 4);
    offer(2);
    attempts.command({ kind: 'end', key: key(2), reason: 'terminate' });
    attempts.command({ kind: 'end', key: key(1), reason: 'terminate' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(said).toEqual(['begun 1.1.1.0', 'revoked 1.2.1.0', 'ended 1.1.1.0 killed']);
  });

  test('nothing starts while the node shuts, and what runs is ended', async () => {
    offer(1, 4);
    offer(2);
    await attempts.shut(0);
    offer(3);
    expect(said).toEqual(['begun 1.1.1.0', 'ended 1.1.1.0 killed']);
    expect(attempts.held()).toEqual([]);
  });

  describe('whose job needs a preparation', () => {
    const preparation: PreparationWork = { key: { job: 1, kind: 'preparation', attempt: 1 }, work: work({ commandLine: 'x', slots: 0 }), waitForSuccess: true, maxTaskRetryCount: 0 };
    const needing = (task: number, slots = 1): void => attempts.command({ kind: 'offer', key: key(task), work: work({ commandLine: 'x', slots }), preparation });
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    let finish: (isPrepared: boolean) => void;
    beforeEach(() => {
      const done = new Promise<boolean>((resolve) => {
        finish = resolve;
      });
      prepare = () => done;
    });

    test('have their slots while they wait for it, and start when it has succeeded', async () => {
      needing(1, 3);
      offer(2);
      offer(3);
      expect(said).toEqual(['preparing 1.1.1.0', 'begun 1.2.1.0']);
      expect(attempts.held().filter(({ state }) => state === 'offered').map(({ key: { task } }) => task)).toEqual([1, 3]);
      finish(true);
      await settled();
      expect(said.slice(2)).toEqual(['begun 1.1.1.0']);
      needing(1, 3);
      expect(said).toHaveLength(3);
    });

    test('are given back with their slots when it has failed, and later ones at once', async () => {
      needing(1, 3);
      needing(2);
      offer(3, 4);
      finish(false);
      await settled();
      expect(said).toEqual(['preparing 1.1.1.0', 'preparing 1.2.1.0', 'revoked 1.1.1.0', 'revoked 1.2.1.0', 'begun 1.3.1.0']);
      await exit('1.3.1.0');
      prepare = () => false;
      needing(4);
      expect(said.slice(-1)).toEqual(['revoked 1.4.1.0']);
      offer(5, 4);
      expect(said.slice(-1)).toEqual(['begun 1.5.1.0']);
    });

    test.each(['revoke', 'end'] as const)('can be taken back while they wait (%s), and do not start after it', async (kind) => {
      needing(1, 4);
      offer(2);
      attempts.command(kind === 'end' ? { kind, key: key(1), reason: 'terminate' } : { kind, key: key(1) });
      finish(true);
      await settled();
      expect(said).toEqual(['preparing 1.1.1.0', 'revoked 1.1.1.0', 'begun 1.2.1.0']);
    });

    test('start nothing once all is shut', async () => {
      needing(1);
      await attempts.shut(0);
      finish(true);
      await settled();
      expect(said).toEqual(['preparing 1.1.1.0']);
    });
  });
});
