import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Archived, OwnerFrame, WithoutEpoch } from '../../src/agent/frames.ts';
import { TransferError } from '../../src/blobs/transferError.ts';
import { ARCHIVE_SETTINGS } from '../../src/control/archiveSettings.ts';
import { LogArchive, type LogArchiveOptions } from '../../src/control/logArchive.ts';
import type { Decisions } from '../../src/core/decisions.ts';
import type { NodeStatus } from '../../src/core/status.ts';
import type { LogArchiveStore, RecordedObject } from '../../src/store/logArchive.ts';
import { until } from '../support/deadline.ts';

type Frame = WithoutEpoch<OwnerFrame>;
type Ask = Extract<Frame, { kind: 'archive' }>;
const NODE = 5;
const TASK = { job: 1, task: 2, attempt: 1, dueAt: null, files: [{ name: 'stdout.txt', start: 0, sizeBytes: 3, leftOutBytes: 0, modifiedAt: 1, mode: '0o100644' }] };
const SOMETHING: Archived = { tasks: [TASK], sizeBytes: 3, more: false };
const NOTHING: Archived = { tasks: [], sizeBytes: 0, more: false };

function node(changes: Partial<NodeStatus> = {}): NodeStatus {
  return { node: NODE, id: 'tvmps_5_d', state: 'idle', since: 0, totalTasksRun: 3, ...changes } as NodeStatus;
}

/** An archive among stand-ins; time stands still but for `now`. */
function world(settings: Partial<LogArchiveOptions['settings']> = {}) {
  const it = {
    now: 0,
    frames: [] as Frame[],
    recorded: [] as RecordedObject[],
    sweeps: [] as Parameters<LogArchiveStore['sweep']>[1][],
    begun: 0,
    dropped: [] as number[],
    deleted: [] as string[],
    warnings: [] as string[],
    kept: 1,
    empty: [] as { object: number; blob: string }[],
    isUsed: true,
    /** What the agent says; null: nothing. */
    answer: (_ask: Ask): Archived | null => SOMETHING,
    createContainer: (): Promise<void> => Promise.resolve(),
  };
  const store: LogArchiveStore = {
    begin: () => Promise.resolve((it.begun += 1)),
    record: (object) => {
      it.recorded.push(object);
      return Promise.resolve(it.kept);
    },
    sweep: (_account, sweep) => {
      it.sweeps.push(sweep);
      return Promise.resolve(it.empty);
    },
    drop: (objects) => {
      it.dropped.push(...objects);
      return Promise.resolve();
    },
    isUsed: () => Promise.resolve(it.isUsed),
  };
  const archive: LogArchive = new LogArchive(
    {
      store,
      storage: {
        createContainer: () => it.createContainer(),
        deleteBlob: (_container, blob) => {
          it.deleted.push(blob);
          return Promise.resolve();
        },
        grant: ({ container, blob, rights, expiresAt }) => `http://blobs/${container}/${blob}?${rights.join('+')}&${expiresAt}`,
      },
      settings: { ...ARCHIVE_SETTINGS, ...settings },
      wallClock: () => 1_000_000,
    },
    {
      account: { number: 1, name: 'acct' },
      clock: () => it.now,
      monotonic: () => it.now,
      log: { info: () => undefined, warn: (fields, message) => void it.warnings.push(`${message}: ${'reason' in fields ? String(fields.reason) : ''}`), error: () => undefined },
      send: (_node, frame) => {
        it.frames.push(frame);
        if (frame.kind !== 'archive') return true;
        const answer = it.answer(frame);
        if (answer !== null) queueMicrotask(() => archive.answered(NODE, frame.request, answer));
        return true;
      },
    },
  );
  return { it, archive };
}

function gone(changes: Partial<Decisions['gone']>): Decisions {
  return { gone: { tasks: [], jobs: [], pools: [], ...changes }, nodes: [] } as unknown as Decisions;
}

describe('a node that is to go', () => {
  test('waits until its agent has put an object and that is on record', async () => {
    const { it, archive } = world({ patterns: ['wd/*.log'], maxFileBytes: 77 });
    archive.connected(NODE);
    await archive.beforeLeaving(node());
    const [ask, said] = it.frames;
    expect(ask).toMatchObject({ kind: 'archive', ask: { url: expect.stringMatching(/^http:\/\/blobs\/linarite-archive\/acct\/[0-9a-f-]{36}\?create\+write&1300000$/) as unknown, patterns: ['wd/*.log'], maxFileBytes: 77, withinMs: 4_500, yields: false } });
    expect(it.recorded).toMatchObject([{ account: 1, object: 1, node: NODE, sizeBytes: 3, tasks: [TASK] }]);
    expect(said).toEqual({ kind: 'archiveRecorded', request: (ask as Ask).request });
    expect(it.deleted).toEqual([]);
  });

  test('is asked again as long as there is more', async () => {
    const { it, archive } = world();
    it.answer = () => ({ ...SOMETHING, more: it.frames.filter(({ kind }) => kind === 'archive').length < 3 });
    archive.connected(NODE);
    await archive.beforeLeaving(node());
    expect(it.recorded.map(({ object }) => object)).toEqual([1, 2, 3]);
  });

  test('goes at once where it has run nothing, or nothing is to be archived', () => {
    expect(world().archive.beforeLeaving(node({ totalTasksRun: 0 }))).toBeNull();
    expect(world({ isOn: false }).archive.beforeLeaving(node())).toBeNull();
  });

  test('leaves no object where there was nothing, and none of whose tasks nothing is known', async () => {
    const { it, archive } = world();
    archive.connected(NODE);
    it.answer = () => NOTHING;
    await archive.beforeLeaving(node());
    expect([it.dropped, it.deleted]).toEqual([[1], []]);
    it.answer = () => SOMETHING;
    it.kept = 0;
    await archive.beforeLeaving(node());
    expect(it.dropped).toEqual([1, 2]);
    expect(it.deleted).toHaveLength(1);
  });

  test('is not held up by an agent that has gone, or by a storage that refuses', async () => {
    const { it, archive } = world();
    it.answer = () => null;
    archive.connected(NODE);
    const left = archive.beforeLeaving(node());
    await until('it was asked', () => it.frames.length === 1);
    archive.closed(NODE);
    await left;
    archive.connected(NODE);
    it.answer = () => ({ ...NOTHING, problem: 'the storage answered 403' });
    await archive.beforeLeaving(node());
    it.createContainer = () => Promise.reject(new TransferError('misc', null, 'ECONNREFUSED', 'no storage'));
    const again = world();
    again.it.createContainer = it.createContainer;
    again.archive.connected(NODE);
    await again.archive.beforeLeaving(node());
    const message = 'files of tasks on a node were not archived';
    expect(it.warnings).toEqual([`${message}: its agent did not answer`, `${message}: the storage answered 403`]);
    expect(again.it.warnings).toEqual([`${message}: no storage`]);
    // What may have been put is swept by its row.
    expect([it.dropped, again.it.begun]).toEqual([[], 0]);
  });

  test('waits for its agent, which comes back a moment after its owner', async () => {
    const { it, archive } = world();
    const left = archive.beforeLeaving(node());
    await nextTurn();
    archive.connected(NODE);
    await left;
    expect(it.recorded).toHaveLength(1);
  });

  test('is asked about no file beyond the object, or outside of its task', async () => {
    const { it, archive } = world();
    const file = TASK.files[0];
    it.answer = () => ({ ...SOMETHING, tasks: [{ ...TASK, files: [file, { ...file, start: 1 }, { ...file, name: '../x' }, { ...file, name: '/etc/passwd' }] as typeof TASK.files }] });
    archive.connected(NODE);
    await archive.beforeLeaving(node());
    expect(it.recorded[0]?.tasks).toEqual([TASK]);
  });
});

describe('an idle node', () => {
  test('is asked once it has been idle for a while, and again when it has run more', async () => {
    const { it, archive } = world();
    archive.connected(NODE);
    it.now = 29_999;
    archive.attend([node()]);
    it.now = 30_000;
    archive.attend([node({ state: 'running' }), node({ totalTasksRun: 0 })]);
    await nextTurn();
    expect(it.frames).toEqual([]);
    archive.attend([node()]);
    await until('it is on record', () => it.frames.length === 2);
    expect(it.frames[0]).toMatchObject({ kind: 'archive', ask: { yields: true } });
    it.now = 200_000;
    archive.attend([node()]);
    expect(archive.beforeLeaving(node())).toBeNull();
    archive.attend([node({ totalTasksRun: 4 })]);
    await until('it is asked again', () => it.frames.length === 4);
  });

  test('is not asked while its agent is away, or is of a version that knows nothing of it', async () => {
    const { it, archive } = world();
    it.now = 100_000;
    archive.attend([node()]);
    archive.connected(NODE);
    archive.closedAll();
    archive.attend([node()]);
    await nextTurn();
    expect(it.begun).toBe(0);
  });

  test('is left alone for a minute after a failure', async () => {
    const { it, archive } = world();
    it.answer = () => ({ ...NOTHING, problem: 'full' });
    archive.connected(NODE);
    it.now = 30_000;
    archive.attend([node()]);
    await until('it has failed', () => it.warnings.length === 1);
    it.now = 89_000;
    archive.attend([node()]);
    it.now = 90_000;
    archive.attend([node()]);
    await until('it has failed again', () => it.warnings.length === 2);
    expect(it.begun).toBe(2);
  });
});

describe('a sweep', () => {
  test('follows when tasks or jobs are gone, and removes blobs before their rows', async () => {
    const { it, archive } = world();
    it.empty = [{ object: 4, blob: 'acct/x' }];
    archive.attend([]);
    expect(it.sweeps).toEqual([]);
    archive.settled(gone({ tasks: [{ job: 1, task: 1 }, { job: 1, task: 2 }], jobs: [3] }));
    archive.attend([]);
    await until('it is done', () => it.dropped.length === 1);
    expect(it.sweeps).toEqual([{ jobs: [1, 3], now: 0, begunBefore: -600_000, mostBytes: 1 << 30 }]);
    expect([it.deleted, it.dropped]).toEqual([['acct/x'], [4]]);
  });

  test('comes by itself, and of jobs that are gone none where nothing is archived', async () => {
    const { it, archive } = world({ isOn: false });
    it.isUsed = false;
    it.now = 15_000;
    archive.attend([]);
    await until('it is done', () => it.sweeps.length === 1);
    expect(it.sweeps[0]?.jobs).toBeNull();
    await until('another may begin', () => {
      archive.settled(gone({ jobs: [3] }));
      it.now += 1_000;
      archive.attend([]);
      return it.now > 20_000;
    });
    expect(it.sweeps).toHaveLength(1);
    it.now = 700_000;
    archive.attend([]);
    await until('the next one', () => it.sweeps.length === 2);
  });
});
