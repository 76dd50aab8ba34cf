import { beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/nodes/provider.ts';
import { createLives, type Lives, type Look } from '../../../src/nodes/slurm/lives.ts';
import { jobNameOf } from '../../../src/nodes/slurm/jobNames.ts';
import type { QueuedJob } from '../../../src/nodes/slurm/queue.ts';
import { meaningOf, pendingSentence } from '../../../src/nodes/slurm/states.ts';

const OWNER = '0a1b-slurm';
const NOW = 1_796_056_000_000;
const LEASE_MS = 60_000;

let lives: Lives;
let ended: Set<number>;
let unknown: Set<number>;
beforeEach(() => {
  ended = new Set();
  unknown = new Set();
  lives = createLives({ owner: OWNER, leaseOverMs: LEASE_MS, drainMs: 300_000, isKnown: ({ node }) => !unknown.has(node), hasEnded: ({ node }) => ended.has(node) });
});

function job(node: number, state: string, { life = 1, priority = 'dedicated', ...more }: Partial<QueuedJob> & { readonly life?: number; readonly priority?: 'low' | 'dedicated' } = {}): QueuedJob {
  return { id: String(node), order: node, index: null, state, hosts: state === 'PENDING' ? '' : 'n1', startedAt: null, endsAt: null, preemptedAt: null, reason: '', name: jobNameOf(OWNER, { first: node, life, priority }), ...more };
}

function look(jobs: readonly QueuedJob[], more: Partial<Look> = {}): readonly string[] {
  return lives.takeIn({ jobs, silentHosts: new Set(), askedAt: 1_000, now: NOW, killWaitMs: 30_000, ...more }).map(said);
}

function said({ node, life, observed }: Observation): string {
  return `${node}.${life} ${observed.kind}`;
}

describe('a node', () => {
  test('is told of as its job goes on, each state once', () => {
    expect(lives.ask({ node: 1, life: 1, priority: 'dedicated' }).map(said)).toEqual(['1.1 pending']);
    expect(look([]), 'Slurm has not answered yet').toEqual([]);
    lives.answered({ node: 1, life: 1, priority: 'dedicated' }, 500);
    expect([look([job(1, 'PENDING', { reason: 'Resources' })]), look([job(1, 'PENDING', { reason: 'Resources' })]), look([job(1, 'RUNNING')]), look([job(1, 'COMPLETING')]), look([job(1, 'COMPLETED')]), look([job(1, 'COMPLETED')])]).toEqual([['1.1 pending'], [], ['1.1 running'], [], ['1.1 ended'], []]);
  });

  test('whose job is not in the queue after Slurm has taken it has ended; before that it waits', () => {
    lives.ask({ node: 1, life: 1, priority: 'dedicated' });
    lives.answered({ node: 1, life: 1, priority: 'dedicated' }, 2_000);
    expect([look([], { askedAt: 1_999 }), look([], { askedAt: 2_001 })]).toEqual([[], ['1.1 ended']]);
  });

  test('whose job Slurm has forgotten has ended', () => {
    expect([look([job(1, 'RUNNING')]), look([])]).toEqual([['1.1 running'], ['1.1 ended']]);
  });

  test('that was released is not told of again while Slurm still shows its job', () => {
    look([job(1, 'RUNNING')]);
    look([job(1, 'CANCELLED')]);
    lives.forget(1, 1);
    expect(look([job(1, 'CANCELLED')])).toEqual([]);
    expect(lives.all()).toEqual([]);
    unknown.add(2);
    expect(look([job(2, 'COMPLETED')]), 'by the service before').toEqual([]);
    look([job(2, 'NODE_FAIL')]);
    expect(lives.get({ node: 2, life: 1 })).toBeUndefined();
  });

  test('that is asked for again has its new job, not the one that ended', () => {
    look([job(1, 'FAILED', { order: 5 })]);
    lives.ask({ node: 1, life: 1, priority: 'dedicated' });
    expect(look([job(1, 'FAILED', { order: 5 })])).toEqual([]);
    lives.answered({ node: 1, life: 1, priority: 'dedicated' }, 500);
    expect(look([job(1, 'FAILED', { order: 5 }), job(1, 'RUNNING', { order: 6 })])).toEqual(['1.1 running']);
    expect(look([job(1, 'NODE_FAIL', { order: 5 })]), 'the new one was cancelled, and is shown no more').toEqual(['1.1 ended']);
  });
});

describe('a machine that is taken back', () => {
  const low = (state: string, more: Partial<QueuedJob> = {}) => job(1, state, { priority: 'low', ...more });

  test('gives notice by when Slurm ends its job, once, and is then preempted', () => {
    look([low('RUNNING')]);
    const noticed = { preemptedAt: NOW - 1_000, endsAt: NOW + 20_000 };
    expect(lives.takeIn({ jobs: [low('RUNNING', noticed)], silentHosts: new Set(), askedAt: 2_000, now: NOW, killWaitMs: 30_000 })).toEqual([
      { node: 1, life: 1, observed: { kind: 'preempting', graceMs: 20_000, reason: 'Slurm takes the machine back for jobs of higher priority.' } },
    ]);
    expect([look([low('RUNNING', noticed)], { now: NOW + 5_000 }), look([low('COMPLETING', noticed)]), look([low('PREEMPTED', noticed)])]).toEqual([[], [], ['1.1 preempted']]);
  });

  test('without grace has the time between the signals of Slurm', () => {
    look([low('RUNNING')]);
    expect(lives.takeIn({ jobs: [low('COMPLETING', { preemptedAt: NOW, endsAt: NOW })], silentHosts: new Set(), askedAt: 2_000, now: NOW, killWaitMs: 7_000 })[0]?.observed).toMatchObject({ kind: 'preempting', graceMs: 7_000 });
  });

  test('of a dedicated node is an end: it comes again', () => {
    expect([look([job(1, 'RUNNING')]), look([job(1, 'PREEMPTED', { preemptedAt: NOW })])]).toEqual([['1.1 running'], ['1.1 ended']]);
  });
});

describe('a time limit', () => {
  test('is near five minutes before, or for the second half of a short job', () => {
    const began = { startedAt: NOW, endsAt: NOW + 3_600_000 };
    expect([look([job(1, 'RUNNING', began)]), look([job(1, 'RUNNING', began)], { now: NOW + 3_299_000 }), look([job(1, 'RUNNING', began)], { now: NOW + 3_300_000 })]).toEqual([['1.1 running'], [], ['1.1 expiring']]);
    lives.forget(1, 1);
    const short = { startedAt: NOW, endsAt: NOW + 100_000 };
    expect([look([job(2, 'RUNNING', short)]).at(-1), look([job(2, 'RUNNING', short)], { now: NOW + 51_000 }).at(-1)]).toEqual(['2.1 running', '2.1 expiring']);
  });
});

describe('a machine that Slurm has lost', () => {
  test('proves nothing until the lease of its agent is over', () => {
    look([job(1, 'RUNNING')]);
    expect([look([job(1, 'NODE_FAIL')]), look([job(1, 'NODE_FAIL')], { askedAt: 1_000 + LEASE_MS }), look([job(1, 'NODE_FAIL')], { askedAt: 1_001 + LEASE_MS })]).toEqual([[], [], ['1.1 ended']]);
  });

  test('is dead when its agent has left word that it ended', () => {
    look([job(1, 'RUNNING')]);
    look([job(1, 'NODE_FAIL')]);
    ended.add(1);
    expect(look([job(1, 'NODE_FAIL')])).toEqual(['1.1 ended']);
  });

  test('holds although its job was cancelled, or is shown no more', () => {
    look([job(1, 'RUNNING'), job(2, 'RUNNING')]);
    expect(lives.newlyOver([job(1, 'CANCELLED'), job(2, 'RUNNING')])).toEqual(['n1']);
    expect(look([job(1, 'CANCELLED'), job(2, 'NODE_FAIL')], { silentHosts: new Set(['n1']) })).toEqual([]);
    expect(look([], { askedAt: 2_000 })).toEqual([]);
    expect(look([], { askedAt: 2_000 + LEASE_MS })).toEqual(['1.1 ended', '2.1 ended']);
  });
});

describe('states and reasons of Slurm', () => {
  test.each([
    ['PENDING', 'pending'],
    ['CONFIGURING', 'pending'],
    ['SUSPENDED', 'running'],
    ['COMPLETING', 'ends'],
    ['OUT_OF_MEMORY', 'ended'],
    ['TIMEOUT', 'ended'],
    ['BOOT_FAIL', 'failed'],
    ['NODE_FAIL', 'unproved'],
    ['SOMETHING_NEW', 'ends'],
  ])('%s means %s', (state, meaning) => {
    expect(meaningOf({ state })).toBe(meaning);
  });

  test.each([
    ['Resources', 'Slurm has its job in the queue: Resources, the partition has no free resources now.'],
    ['ReqNodeNotAvail,_UnavailableNodes:n[1-4]', 'Slurm has its job in the queue: ReqNodeNotAvail,_UnavailableNodes:n[1-4], machines that it needs are down, drained or reserved.'],
    ['SomethingElse', 'Slurm has its job in the queue: SomethingElse.'],
    ['', 'Slurm has its job in the queue.'],
  ])('a job that waits for %j is told so', (reason, sentence) => {
    expect(pendingSentence({ state: 'PENDING', reason })).toBe(sentence);
  });
});
