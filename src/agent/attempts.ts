import type { EndReason } from '../core/decisions.ts';
import type { AttemptOutcome, HeldAttempt } from '../core/events.ts';
import { attemptName, type AttemptKey, type Instant } from '../core/keys.ts';
import type { AgentCommand, PreparationWork, Work } from './frames.ts';
import type { Report } from './reports.ts';

/** A started attempt: from its directories to its last upload. */
export interface TaskRun {
  readonly done: Promise<AttemptOutcome>;
  /**
   * Ends it early: SIGTERM now, SIGKILL at the deadline; 0: SIGKILL now. `done` follows with `killed` once no process
   * of it is left. Of several deadlines the earliest counts.
   */
  end(deadlineMs: number): void;
  /** Of an instance of a multi-instance task: the primary runs its command line now; said twice, it counts once. */
  proceed?(): void;
  /** Its coordination command has succeeded. */
  readonly isCoordinated?: boolean;
}

/** `Of`: what an attempt runs; a simulation knows of no more than its slots. */
export interface AttemptsOptions<Of extends Pick<Work, 'slots'> = Work> {
  readonly slots: number;
  readonly start: (key: AttemptKey, work: Of) => TaskRun;
  /** Whether tasks of the job may start: now, or once its preparation has ended. */
  readonly prepare: (preparation: PreparationWork) => boolean | Promise<boolean>;
  readonly report: (report: Report) => void;
  /** It has started; `report` says so only where the owner asks. */
  readonly begun: (key: AttemptKey, at: Instant) => void;
  readonly now: () => Instant;
  /** After the report: the task's retention time begins. */
  readonly onEnded: (key: AttemptKey, work: Of, endedAt: Instant) => void;
}

/**
 * The attempts of a node: offered -> started -> ended, or revoked. Offers wait in the order in which they came, which
 * is the owner's order of priority. The first starts by itself as soon as its slots are free; one that does not fit yet
 * holds back those behind it: letting them pass could starve it, and the owner only sends ahead what is to run next
 * anyway. One whose job needs a preparation takes its slots and waits for it; it is given back if that fails. Each
 * command may come twice or late: an attempt is known by its name, and one that has been revoked
 * or has ended never starts again.
 */
export interface Attempts<Of extends Pick<Work, 'slots'> = Work> {
  command(command: (Omit<OfferCommand, 'work'> & { readonly work: Of }) | Extract<AgentCommand, { kind: 'proceed' | 'revoke' | 'end' }>): void;
  /** From now on offers start; before, they only wait. */
  open(): void;
  /** Offers no longer start; everything that runs ends, by the deadline. Resolves when it has. */
  shut(deadlineMs: number): Promise<void>;
  held(): readonly HeldAttempt[];
  readonly running: number;
}

type OfferCommand = Extract<AgentCommand, { kind: 'offer' }>;

/** So many names of past attempts are remembered to refuse them when they come late. */
const REMEMBERED = 10_000;

interface Offer<Of> {
  readonly key: AttemptKey;
  readonly work: Of;
  readonly preparation: PreparationWork | null;
}

export function createAttempts<Of extends Pick<Work, 'slots'> = Work>(options: AttemptsOptions<Of>): Attempts<Of> {
  const offered = new Map<string, Offer<Of>>();
  /** Those that have their slots. */
  const preparing = new Map<string, Offer<Of>>();
  const started = new Map<string, { readonly key: AttemptKey; readonly startedAt: Instant; readonly run: TaskRun; readonly done: Promise<void>; reason?: EndReason }>();
  const past = new Set<string>();
  let free = options.slots;
  let isOpen = false;
  let isShut = false;

  const forget = (name: string): void => {
    past.add(name);
    if (past.size <= REMEMBERED) return;
    const oldest = past.values().next().value;
    if (oldest !== undefined) past.delete(oldest);
  };

  const startWhatFits = (): void => {
    if (!isOpen || isShut) return;
    for (const [name, offer] of offered) {
      if (offer.work.slots > free) return;
      offered.delete(name);
      free -= offer.work.slots;
      const isPrepared = offer.preparation === null || options.prepare(offer.preparation);
      if (isPrepared === true) start(name, offer);
      else void awaitPreparation(name, offer, isPrepared);
    }
  };

  const awaitPreparation = async (name: string, offer: Offer<Of>, isPrepared: boolean | Promise<boolean>): Promise<void> => {
    preparing.set(name, offer);
    if (isPrepared === false) return takeBack(name, offer.key);
    options.report({ kind: 'preparing', key: offer.key, at: options.now() });
    const isDone = await isPrepared;
    if (isShut || preparing.get(name) !== offer) return;
    if (!isDone) return takeBack(name, offer.key);
    preparing.delete(name);
    start(name, offer);
  };

  /** It has its slots. */
  const start = (name: string, { key, work }: Offer<Of>): void => {
    const startedAt = options.now();
    options.begun(key, startedAt);
    const run = options.start(key, work);
    const done = run.done.then((outcome) => {
      const endedAt = options.now();
      const reason = started.get(name)?.reason;
      started.delete(name);
      forget(name);
      free += work.slots;
      options.report({ kind: 'ended', end: { key, startedAt, endedAt, outcome: outcome.kind === 'killed' && reason !== undefined ? { ...outcome, reason } : outcome } });
      options.onEnded(key, work, endedAt);
      startWhatFits();
    });
    started.set(name, { key, startedAt, run, done });
  };

  const takeBack = (name: string, key: AttemptKey): void => {
    offered.delete(name);
    free += preparing.get(name)?.work.slots ?? 0;
    preparing.delete(name);
    forget(name);
    options.report({ kind: 'revoked', key });
    startWhatFits();
  };

  return {
    command: (command) => {
      const name = attemptName(command.key);
      const held = started.get(name);
      switch (command.kind) {
        case 'offer':
          if (held !== undefined || offered.has(name) || preparing.has(name) || past.has(name) || isShut) return;
          if (command.work.slots > options.slots) return takeBack(name, command.key);
          offered.set(name, { key: command.key, work: command.work, preparation: command.preparation ?? null });
          startWhatFits();
          return;
        case 'proceed':
          held?.run.proceed?.();
          return;
        case 'revoke':
          if (held !== undefined) options.report({ kind: 'started', key: command.key, at: held.startedAt });
          else if (offered.has(name) || !past.has(name)) takeBack(name, command.key);
          return;
        case 'end':
          if (held !== undefined) {
            held.reason ??= command.reason;
            held.run.end(command.deadlineMs ?? 0);
          } else if (offered.has(name) || !past.has(name)) takeBack(name, command.key);
          return;
      }
    },
    open: () => {
      isOpen = true;
      startWhatFits();
    },
    shut: async (deadlineMs) => {
      isShut = true;
      offered.clear();
      preparing.clear();
      const ends = [...started.values()];
      for (const { run } of ends) run.end(deadlineMs);
      await Promise.all(ends.map(({ done }) => done));
    },
    held: () => [
      ...[...started.values()].map(({ key, startedAt, run }): HeldAttempt => ({ key, state: 'started', startedAt, ...(run.isCoordinated === true ? { coordinated: true } : null) })),
      ...[...preparing.values(), ...offered.values()].map(({ key }): HeldAttempt => ({ key, state: 'offered' })),
    ],
    get running() {
      return started.size;
    },
  };
}
