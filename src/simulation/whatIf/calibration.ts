import { addToGroup } from '../../base/groups.ts';
import { decodeInputs } from '../../control/journal.ts';
import type { CoreEvent } from '../../core/events.ts';
import { attemptName, type Instant, type NodeNumber } from '../../core/keys.ts';
import type { CreateCore, ResumeCore } from '../../core/port.ts';
import type { JournalRow } from '../../store/journal.ts';
import { NotReplayable, replay } from '../replay.ts';
import type { Distribution } from '../../wire/simulation/distribution.ts';
import { LOCAL_TIMING, type Timing } from './model.ts';

/** So many times of each kind are enough. */
const MOST_TIMES = 2_000;

/** So many ticks tell more than the few offers that wait for no slot, which are those to a service that has rested. */
const LEAST_BUSY = 20;

interface Attempt {
  readonly node: NodeNumber;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
}

/**
 * What passed between clients, owner and agents, from the ticks of an epoch that the journal holds. Of what it says
 * nothing about, `LOCAL_TIMING` stands.
 */
export async function calibrate(rows: AsyncIterable<JournalRow> | Iterable<JournalRow>, rules: { readonly createCore: CreateCore; readonly resumeCore: ResumeCore }): Promise<Timing> {
  const intake: number[] = [];
  const report: number[] = [];
  const attempts = new Map<string, Attempt>();
  const offers = new Map<string, Instant>();
  /** Of ticks that were waited for: how long the one before kept the owner busy. */
  const busy: number[] = [];
  let before: Instant | null = null;

  const observe = (event: CoreEvent, at: Instant): void => {
    if (event.kind === 'tasks') intake.push(...event.tasks.slice(-1).map(({ intent }) => at - intent.createdAt));
    if (event.kind !== 'agent' || event.report.kind !== 'ended') return;
    const { key, startedAt, endedAt } = event.report.end;
    report.push(at - endedAt);
    if (startedAt !== null) attempts.set(attemptName(key), { node: event.node, startedAt, endedAt });
  };
  async function* observed(): AsyncGenerator<JournalRow> {
    for await (const row of rows) {
      const events = decodeInputs(row.inputs);
      for (const event of events) observe(event, row.at);
      if (before !== null && events.some((event) => (saidAt(event) ?? row.at) <= (before ?? 0))) busy.push(row.at - before);
      before = row.at;
      yield row;
      if (report.length > MOST_TIMES) return;
    }
  }

  try {
    for await (const { now, decisions } of replay(observed(), rules)) {
      for (const command of decisions.commands) if (command.kind === 'offer') offers.set(attemptName(command.key), now);
    }
  } catch (error) {
    // Without decisions the inputs still say how long words took; what they do not say is as usual.
    if (!(error instanceof NotReplayable)) throw error;
  }
  return { intake: recorded(intake, LOCAL_TIMING.intake), dispatch: busy.length >= LEAST_BUSY ? recorded(busy, LOCAL_TIMING.dispatch) : recorded(dispatchTimes(offers, attempts), LOCAL_TIMING.dispatch), report: leastOf(report) };
}

/** When somebody said so; null: it is not known. */
function saidAt(event: CoreEvent): Instant | null {
  if (event.kind === 'tasks') return event.tasks.at(-1)?.intent.createdAt ?? null;
  return event.kind === 'agent' && event.report.kind === 'ended' ? event.report.end.endedAt : null;
}

/** From an offer to its start, where no slot had to become free first. */
function dispatchTimes(offers: ReadonlyMap<string, Instant>, attempts: ReadonlyMap<string, Attempt>): number[] {
  const endsOf = new Map<NodeNumber, Instant[]>();
  for (const { node, endedAt } of attempts.values()) addToGroup(endsOf, node, endedAt);
  return [...attempts].flatMap(([name, { node, startedAt }]) => {
    const offeredAt = offers.get(name);
    if (offeredAt === undefined || startedAt < offeredAt) return [];
    const waited = (endsOf.get(node) ?? []).some((endedAt) => endedAt >= offeredAt && endedAt <= startedAt);
    return waited ? [] : [startedAt - offeredAt];
  });
}

function recorded(ms: readonly number[], otherwise: Distribution): Distribution {
  const sound = ms.filter((time) => time >= 0).sort((a, b) => a - b);
  return sound.length === 0 ? otherwise : { kind: 'recorded', ms: sound };
}

/** An agent's word also waits for a tick, as it does when simulated: the quick ones tell how long it was under way. */
function leastOf(ms: readonly number[]): Distribution {
  const sound = ms.filter((time) => time >= 0).sort((a, b) => a - b);
  const quick = sound[Math.floor(sound.length / 10)];
  return quick === undefined ? LOCAL_TIMING.report : { kind: 'constant', ms: quick };
}
