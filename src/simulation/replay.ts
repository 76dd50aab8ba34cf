import { CORE_VERSION, decodeBeginning, decodeInputs, seededRandom } from '../control/journal.ts';
import type { Decisions } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import type { Instant, JobNumber } from '../core/keys.ts';
import type { Core, CreateCore, ResumeCore } from '../core/port.ts';
import type { JournalRow } from '../store/journal.ts';

/**
 * - `otherVersion`: the rules that wrote it are not these, which might decide otherwise.
 * - `noBeginning`: its first ticks have been dropped, or the account was too large to be written down.
 * - `gap`: ticks are missing in between.
 */
type Obstacle = 'otherVersion' | 'noBeginning' | 'gap';

/** The journal does not replay. */
export class NotReplayable extends Error {
  readonly obstacle: Obstacle;
  constructor(obstacle: Obstacle, message: string) {
    super(message);
    this.obstacle = obstacle;
  }
}

/** What the rules decided in a tick, once more. */
export interface ReplayedTick {
  readonly tick: number;
  readonly now: Instant;
  readonly decisions: Decisions;
  /**
   * Jobs whose ends the commit refused (`withoutEndings`): the next tick tells, so of the last one nothing is known.
   */
  readonly refused: readonly JobNumber[];
}

/**
 * The ticks of an epoch, from its rows in the journal, from its first one on or from the first one in a partition.
 * Throws `NotReplayable` when it comes to the row that tells.
 */
export async function* replay(rows: AsyncIterable<JournalRow> | Iterable<JournalRow>, rules: Rules): AsyncGenerator<ReplayedTick> {
  let core: Core | null = null;
  let before: Omit<ReplayedTick, 'refused'> | null = null;
  for await (const row of rows) {
    const { tick, at: now, seed, coreVersion } = row;
    if (coreVersion !== CORE_VERSION) throw new NotReplayable('otherVersion', `tick ${tick} was decided by rules of version ${coreVersion}; these are of version ${CORE_VERSION}`);
    core ??= begin(row, rules);
    const events = decodeInputs(row.inputs);
    if (before !== null) {
      if (tick !== before.tick + 1) throw new NotReplayable('gap', `tick ${tick} comes after tick ${before.tick}`);
      yield { ...before, refused: refusedIn(events) };
    }
    for (const event of events) core.apply(event, now);
    before = { tick, now, decisions: core.decide(now, seededRandom(seed)) };
  }
  if (before === null) throw new NotReplayable('noBeginning', 'the journal holds nothing of this epoch');
  yield { ...before, refused: [] };
}

interface Rules {
  readonly createCore: CreateCore;
  readonly resumeCore: ResumeCore;
}

function begin({ tick, beginning }: JournalRow, { createCore, resumeCore }: Rules): Core {
  if (beginning === undefined || beginning === null) throw new NotReplayable('noBeginning', `what tick ${tick} went on from is not in the journal`);
  const from = decodeBeginning(beginning);
  return 'held' in from ? resumeCore(from) : createCore(from.snapshot, from.now);
}

function refusedIn(events: readonly CoreEvent[]): readonly JobNumber[] {
  return events.flatMap((event) => (event.kind === 'endingRefused' ? [event.job] : []));
}
