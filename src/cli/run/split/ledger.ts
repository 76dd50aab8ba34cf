/**
 * Who has which task of a run over several accounts, and whose result counts. Pure: time comes with each call.
 *
 * A side is one of the accounts. It is `up` while it answers, and `lost` when it has not answered for long; when it
 * answers again it is up again. It is `unfit` while it answers but runs nothing: its pool gets no nodes, or it refuses
 * what it is sent. From a lost or unfit side all tasks whose results are not here go to the sides that are up.
 *
 * A task is due on a side from when it is given to it, and sent once the side has taken it. What was due on a side that
 * is lost is taken back; what was sent there may have run, and may still run, unseen. So a task that moved can be on
 * two sides. It is settled by the first result that is here whole (`settle` says true once for each task), and every
 * later one is thrown away; but a failure is no result of a task that another side still has, since it may come of the
 * outage. Sides that have a settled task still are to be told to end it (`surplus`).
 */
export class Ledger {
  readonly #sides: ReadonlyMap<string, Account>;
  readonly #open: Set<string>;
  readonly #settled = new Map<string, string>();
  readonly #moved = new Set<string>();
  readonly #lostAfterMs: number;

  constructor(tasks: readonly string[], sides: readonly Share[], lostAfterMs: number) {
    this.#open = new Set(tasks);
    this.#sides = new Map(sides.map(({ name, weight }) => [name, { weight, state: { kind: 'lost', since: 0 }, heardAt: null, due: new Set(), sent: new Set() }]));
    this.#lostAfterMs = lostAfterMs;
  }

  /** The side has these tasks already, whoever sent them. */
  has(side: string, tasks: Iterable<string>): void {
    const { due, sent } = this.#side(side);
    for (const task of tasks) {
      if (!due.delete(task)) this.#noteMove(task, side);
      sent.add(task);
    }
  }

  /** The side answers. Returns true when it did not before, and gives it what nobody has. */
  heard(side: string, now: number): boolean {
    const account = this.#side(side);
    account.heardAt = now;
    if (account.state.kind !== 'lost') return false;
    account.state = { kind: 'up' };
    return true;
  }

  /** The side answers, and runs nothing. Returns false when that is known. */
  unfit(side: string, reason: string): boolean {
    const account = this.#side(side);
    if (account.state.kind !== 'up') return false;
    account.state = { kind: 'unfit', reason };
    account.due.clear();
    return true;
  }

  /** The sides that have been silent for too long since the last call; what was due there is nobody's. */
  silent(now: number): readonly string[] {
    const lost: string[] = [];
    for (const [name, account] of this.#sides) {
      if (account.state.kind === 'lost' || now - (account.heardAt ?? now) < this.#lostAfterMs) continue;
      account.state = { kind: 'lost', since: now };
      account.due.clear();
      lost.push(name);
    }
    return lost;
  }

  /**
   * Gives each task that no side works on to the one with the least to do for its weight; of equal ones to the first.
   * The same tasks, sides and weights are shared out in the same way. Returns how many each side was given that another
   * one had before.
   */
  share(): ReadonlyMap<string, number> {
    const up = [...this.#sides].filter(([, { state }]) => state.kind === 'up');
    const moved = new Map<string, number>();
    if (up.length === 0) return moved;
    const loads = up.map(([name, account]) => ({ name, account, load: [...account.due, ...account.sent].filter((task) => this.#open.has(task)).length }));
    for (const task of this.#open) {
      if (up.some(([, { due, sent }]) => due.has(task) || sent.has(task))) continue;
      const [first, ...others] = loads;
      if (first === undefined) throw new Error('no side is up');
      const least = others.reduce((best, one) => ((one.load + 1) / one.account.weight < (best.load + 1) / best.account.weight ? one : best), first);
      least.load += 1;
      least.account.due.add(task);
      if (this.#noteMove(task, least.name)) moved.set(least.name, (moved.get(least.name) ?? 0) + 1);
    }
    return moved;
  }

  /** What the side is to be sent, in the order of the run. */
  due(side: string): readonly string[] {
    const { due } = this.#side(side);
    return [...this.#open].filter((task) => due.has(task));
  }

  /** What is on the side and has no result here: to be looked for there. */
  awaited(side: string): readonly string[] {
    return [...this.#side(side).sent].filter((task) => this.#open.has(task));
  }

  /** What is on the side although its result is here from another one. */
  surplus(side: string): readonly string[] {
    return [...this.#side(side).sent].filter((task) => (this.#settled.get(task) ?? side) !== side);
  }

  /** The side has none of these any more, or will run none of them. */
  dropped(side: string, tasks: Iterable<string>): void {
    for (const task of tasks) this.#side(side).sent.delete(task);
  }

  /** The task's result from the side is here whole: true when it is the first, which counts. */
  settle(task: string, side: string): boolean {
    if (!this.#open.delete(task)) return false;
    this.#settled.set(task, side);
    for (const { due } of this.#sides.values()) due.delete(task);
    return true;
  }

  isSettled(task: string): boolean {
    return this.#settled.has(task);
  }

  /** Whether another side that is up has the task, or is to get it. */
  isElsewhere(task: string, side: string): boolean {
    return [...this.#sides].some(([name, { state, due, sent }]) => name !== side && state.kind === 'up' && (due.has(task) || sent.has(task)));
  }

  /** Whose result of the task counts; undefined: there is none yet. */
  settledBy(task: string): string | undefined {
    return this.#settled.get(task);
  }

  /** Whether a side that is up has each task that is open. */
  isSent(): boolean {
    const up = [...this.#sides.values()].filter(({ state }) => state.kind === 'up');
    return [...this.#open].every((task) => up.some(({ sent }) => sent.has(task)));
  }

  isOver(): boolean {
    return this.#open.size === 0;
  }

  left(): number {
    return this.#open.size;
  }

  /** Tasks that a second side was given. */
  moved(): number {
    return this.#moved.size;
  }

  stateOf(side: string): SideState {
    return this.#side(side).state;
  }

  /** Notes that the task goes to a side while another one has or had it. */
  #noteMove(task: string, to: string): boolean {
    const isElsewhere = [...this.#sides].some(([name, { sent }]) => name !== to && sent.has(task));
    if (isElsewhere) this.#moved.add(task);
    return isElsewhere;
  }

  #side(name: string): Account {
    const account = this.#sides.get(name);
    if (account === undefined) throw new Error(`there is no side ${name}`);
    return account;
  }
}

/** A side, and how much it can do beside the others. */
export interface Share {
  readonly name: string;
  /** Above 0. */
  readonly weight: number;
}

export type SideState = { readonly kind: 'up' } | { readonly kind: 'lost'; readonly since: number } | { readonly kind: 'unfit'; readonly reason: string };

interface Account {
  readonly weight: number;
  state: SideState;
  /** null: it has not answered yet. */
  heardAt: number | null;
  readonly due: Set<string>;
  readonly sent: Set<string>;
}
