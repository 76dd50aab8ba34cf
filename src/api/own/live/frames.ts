import type { Decisions } from '../../../core/decisions.ts';
import type { JobNumber, NodeNumber, PoolNumber, TaskNumber } from '../../../core/keys.ts';
import type { NodeStatus, TaskStatus } from '../../../core/status.ts';
import { wireTaskState } from '../../../core/wireState.ts';
import type { CommitNews } from '../../../ports.ts';
import { WIRE_STATES } from '../../../store/intents/taskColumns.ts';
import type { Ref, Rev } from '../../../wire/own/common.ts';
import type { Frame } from '../../../wire/own/frames.ts';
import { MATRIX_LOW_PRIORITY, MATRIX_SCHEDULING_DISABLED, MATRIX_STATES } from '../../../wire/own/matrix.ts';

/** What a page looks at. */
export type View =
  | { readonly kind: 'overview'; readonly jobs: ReadonlyMap<JobNumber, string> }
  | { readonly kind: 'pool'; readonly pool: PoolNumber; readonly id: string; readonly places: ReadonlyMap<NodeNumber, number> }
  /** `rows`: numbers of the tasks that it shows. */
  | { readonly kind: 'job'; readonly job: JobNumber; readonly id: string; readonly rows: ReadonlySet<TaskNumber> };

const GONE = -1;

/**
 * What has been committed since it was told last, as a page needs it: of each thing the last value, so that it takes no
 * more room however long nobody asks.
 */
export class Frames {
  readonly #view: View;
  #rev: Rev;
  #isReset = false;
  #isChanged = false;
  readonly #nodes = new Map<number, readonly [number, number, number]>();
  readonly #counts = new Map<string, readonly [number, number, number, number]>();
  readonly #tasks = new Map<TaskNumber, readonly [number, number, number?]>();

  /** `rev`: what the page has read already, or is about to read. */
  constructor(view: View, rev: Rev) {
    this.#view = view;
    this.#rev = rev;
  }

  hear(news: CommitNews): void {
    if (news.kind === 'loaded') {
      this.#rev = `${news.epoch}-0`;
      this.reset();
      return;
    }
    this.#rev = `${news.epoch}-${news.tick}`;
    switch (this.#view.kind) {
      case 'overview':
        return this.#ofAccount(news.decisions, this.#view);
      case 'pool':
        return this.#ofPool(news.decisions, this.#view);
      case 'job':
        return this.#ofJob(news.decisions, this.#view);
    }
  }

  /** All is to be read again. */
  reset(): void {
    this.#isReset = true;
  }

  /** Whether there is nothing to tell. */
  get isEmpty(): boolean {
    return !this.#isReset && !this.#isChanged && this.#nodes.size + this.#counts.size + this.#tasks.size === 0;
  }

  /** What there is to tell; null: nothing. */
  take(): { readonly rev: Rev; readonly frames: readonly Frame[] } | null {
    const rev = this.#rev;
    const frames: Frame[] = this.#isReset ? [{ t: 'reset' }] : this.#changes(rev);
    this.#isReset = false;
    this.#isChanged = false;
    for (const of of [this.#nodes, this.#counts, this.#tasks]) of.clear();
    return frames.length === 0 ? null : { rev, frames };
  }

  #changes(rev: Rev): Frame[] {
    const job = this.#view.kind === 'job' ? this.#view.id : '';
    return [
      ...(this.#nodes.size === 0 ? [] : [{ t: 'nodes', c: [...this.#nodes.values()] } as const]),
      ...[...this.#counts].map(([of, c]) => ({ t: 'counts', job: of, c }) as const),
      ...(this.#tasks.size === 0 ? [] : [{ t: 'tasks', job, c: [...this.#tasks.values()] } as const]),
      ...(this.#isChanged ? [{ t: 'object', ref: refOf(this.#view), rev } as const] : []),
    ];
  }

  /**
   * A job that is new has no id here: the view is looked at again. What becomes of one that was over changes the
   * account.
   */
  #ofAccount({ jobs, pools, nodes, onlyActive, gone }: Decisions, { jobs: ids }: Extract<View, { kind: 'overview' }>): void {
    for (const { job, state, tasks: { active, running, succeeded, failed } } of jobs) {
      const id = ids.get(job);
      if (id === undefined && state !== 'completed') this.reset();
      else if (id === undefined) this.#isChanged = true;
      else this.#counts.set(id, [active, running, succeeded, failed]);
    }
    const hasNodes = nodes.some(({ node }) => onlyActive?.has(node) !== true);
    if (pools.length > 0 || hasNodes || gone.jobs.length > 0 || gone.pools.length > 0) this.#isChanged = true;
  }

  #ofPool({ pools, nodes, gone }: Decisions, { pool, places }: Extract<View, { kind: 'pool' }>): void {
    if (pools.some((row) => row.pool === pool) || gone.pools.includes(pool)) this.#isChanged = true;
    for (const row of nodes) {
      if (row.pool !== pool) continue;
      const place = places.get(row.node);
      if (place === undefined || row.goneAt !== null) this.reset();
      else this.#nodes.set(place, [place, matrixState(row), Math.min(255, row.runningSlots)]);
    }
  }

  #ofJob({ jobs, tasks, gone }: Decisions, { job, id, rows }: Extract<View, { kind: 'job' }>): void {
    for (const row of jobs) {
      if (row.job !== job) continue;
      const { active, running, succeeded, failed } = row.tasks;
      this.#counts.set(id, [active, running, succeeded, failed]);
      this.#isChanged = true;
    }
    if (gone.jobs.includes(job)) this.#isChanged = true;
    for (const row of tasks) if (row.job === job && rows.has(row.task)) this.#tasks.set(row.task, taskFrame(row));
    for (const { job: of, task } of gone.tasks) if (of === job && rows.has(task)) this.#tasks.set(task, [task, GONE]);
  }
}

function refOf(view: View): Ref {
  switch (view.kind) {
    case 'overview':
      return { kind: 'account' };
    case 'pool':
      return { kind: 'pool', pool: view.id };
    case 'job':
      return { kind: 'job', job: view.id };
  }
}

/** As the matrix has it. */
function matrixState({ state, dedicated, scheduling }: Pick<NodeStatus, 'state' | 'dedicated' | 'scheduling'>): number {
  const number = Math.max(0, MATRIX_STATES.findIndex((known) => known === state));
  return number | (dedicated ? 0 : MATRIX_LOW_PRIORITY) | (scheduling === 'disabled' ? MATRIX_SCHEDULING_DISABLED : 0);
}

function taskFrame({ task, state, exitCode }: TaskStatus): readonly [number, number, number?] {
  const shown = wireTaskState(state);
  const place = WIRE_STATES.indexOf(shown);
  return shown === 'completed' && exitCode !== null ? [task, place, exitCode] : [task, place];
}
