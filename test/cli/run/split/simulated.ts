import type { BatchAccount, Counts, JobSeen, TaskSeen, TaskToAdd } from '../../../../src/cli/run/account/batchAccount.ts';
import type { Side } from '../../../../src/cli/run/split/side.ts';
import type { Kept, Staging } from '../../../../src/cli/run/split/staging.ts';

/** Time that passes when somebody waits for it. */
export class VirtualTime {
  now = 0;
  pause = async (ms: number): Promise<void> => {
    await new Promise((settle) => setImmediate(settle));
    this.now += ms;
  };
}

interface Work {
  readonly body: TaskToAdd;
  startedAt: number | null;
  endedAt: number | null;
  terminated: boolean;
}

/** An account that runs tasks in virtual time, each as long as `workMs` says, so many at a time as it has slots. */
export class SimulatedAccount {
  readonly tasks = new Map<string, Work>();
  /** How often a task began here. */
  readonly begun: string[] = [];
  /** Whether it answers; work goes on all the same. */
  isUp = true;
  /** No nodes come, whatever the pool asks for. */
  hasNodes = true;
  /** So many files break off as they are read. */
  breaks = 0;
  /** Whether tasks that end while it is away fail. */
  failsAfterOutage = false;
  /** Whether nothing of it is there any more: neither work nor answers. */
  isDestroyed = false;
  jobState: JobSeen['state'];
  readonly name: string;
  readonly slots: number;
  readonly workMs: number;
  /** How far its clock is from ours. */
  readonly clockOffsetMs: number;
  readonly time: VirtualTime;

  constructor(name: string, time: VirtualTime, { slots = 2, workMs = 1_000, clockOffsetMs = 0 }: { readonly slots?: number; readonly workMs?: number; readonly clockOffsetMs?: number } = {}) {
    this.name = name;
    this.time = time;
    this.slots = slots;
    this.workMs = workMs;
    this.clockOffsetMs = clockOffsetMs;
  }

  /** What has happened until now. */
  #catchUp(): void {
    if (this.isDestroyed) return;
    for (const work of this.tasks.values()) if (work.startedAt !== null && work.endedAt === null && this.time.now >= work.startedAt + this.workMs) work.endedAt = work.startedAt + this.workMs;
    let running = [...this.tasks.values()].filter(({ startedAt, endedAt }) => startedAt !== null && endedAt === null).length;
    for (const [id, work] of this.tasks) {
      if (!this.hasNodes || running >= this.slots) break;
      if (work.startedAt !== null || work.terminated) continue;
      work.startedAt = this.time.now;
      this.begun.push(id);
      running += 1;
    }
  }

  #answer<T>(make: () => T): Promise<T> {
    this.#catchUp();
    if (!this.isUp || this.isDestroyed) return Promise.reject(Object.assign(new Error(`connect ECONNREFUSED ${this.name}`), { code: 'REQUEST_SEND_ERROR' }));
    return Promise.resolve().then(make);
  }

  batch(): BatchAccount {
    const done = (): Promise<void> => this.#answer(() => undefined);
    return {
      probe: done,
      images: () => this.#answer(() => []),
      applications: () => this.#answer(() => []),
      addPool: done,
      pool: () => this.#answer(() => ({ allocationState: 'steady', state: 'active' })),
      nodes: () => this.#answer(() => (this.hasNodes ? [{ id: 'n', state: 'idle' }] : [])),
      tasks: () => this.#answer(() => [...this.tasks].map(([id, work]) => this.#seen(id, work))),
      deletePool: done,
      addJob: () => this.#answer(() => void (this.jobState = 'active')),
      job: (id) => this.#answer(() => (this.jobState === undefined ? undefined : { id, state: this.jobState })),
      endJobWithItsTasks: done,
      setMetadata: done,
      terminateJob: done,
      deleteJob: () => this.#answer(() => void (this.jobState = undefined)),
      addTasks: (_job, tasks) => this.#answer(() => tasks.map((body) => {
        if (!this.tasks.has(body.id)) this.tasks.set(body.id, { body, startedAt: null, endedAt: null, terminated: false });
        return { status: 'success' as const, taskId: body.id };
      })),
      reactivateTask: done,
      terminateTask: (_job, id) => this.#answer(() => {
        const work = this.tasks.get(id);
        if (work === undefined || work.endedAt !== null) return;
        work.terminated = true;
        work.endedAt = this.time.now;
      }),
      deleteTask: done,
      counts: () => this.#answer((): Counts => {
        const all = [...this.tasks.values()];
        const completed = all.filter(({ endedAt }) => endedAt !== null).length;
        const running = all.filter(({ startedAt, endedAt }) => startedAt !== null && endedAt === null).length;
        return { active: all.length - completed - running, running, completed, succeeded: completed, failed: 0 };
      }),
      taskFileTail: () => this.#answer(() => undefined),
      taskFile: (_job, id) => this.#answer(() => {
        if (this.breaks === 0) return pieces(`${id} of ${this.name}\n`);
        this.breaks -= 1;
        throw Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
      }),
      nodeFileTail: () => this.#answer(() => undefined),
    };
  }

  #seen(id: string, { startedAt, endedAt, terminated }: Work): TaskSeen {
    const at = (ms: number | null): { startTime?: Date } => (ms === null ? {} : { startTime: new Date(ms + this.clockOffsetMs) });
    const isBad = terminated || this.failsAfterOutage;
    // The node that ends a task may have another clock than the one that has begun it.
    const end = endedAt === null ? {} : { endTime: new Date(endedAt - this.clockOffsetMs), exitCode: isBad ? 1 : 0, result: isBad ? ('failure' as const) : ('success' as const) };
    return { id, state: endedAt !== null ? 'completed' : startedAt === null ? 'active' : 'running', executionInfo: { retryCount: 0, requeueCount: 0, ...at(startedAt), ...end } };
  }
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}

export function sideOf(account: SimulatedAccount): Side {
  return { name: account.name, connection: { batch: { account: account.name, key: '', endpoint: `http://${account.name}` }, storage: undefined, local: undefined }, batch: account.batch(), storage: undefined, made: { stage: 'preparing', containers: new Set(), pool: undefined, job: undefined }, close: () => undefined, found: undefined, answered: account.isUp, poolId: 'p', isPrepared: false, counts: undefined };
}

/** Results in memory, so that keeping them takes no time. */
export function memoryStaging(): Staging & { readonly kept: ReadonlyMap<string, Kept> } {
  const kept = new Map<string, Kept>();
  const streams = new Map<string, Buffer[]>();
  return {
    kept,
    left: () => Promise.resolve(kept),
    forget: (id) => Promise.resolve(void kept.delete(id)),
    take: async (side, { id, digest }, outcome) => {
      const pieces: Buffer[] = [];
      for await (const piece of (await side.batch.taskFile('j', id, 'stdout.txt')) ?? []) pieces.push(piece);
      if (kept.has(id)) return false;
      streams.set(id, pieces);
      kept.set(id, { outcome, digest, side: side.name, outputs: [] });
      return true;
    },
    stream: (id) => {
      const found = streams.get(id);
      return Promise.resolve(found === undefined ? undefined : pieces(found.join('')));
    },
    deliver: () => Promise.resolve([]),
    remove: () => Promise.resolve(),
  };
}
