import type { Decisions } from '../../core/decisions.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { NodeNumber } from '../../core/keys.ts';
import type { NodeStatus } from '../../core/status.ts';
import type { TransitionTracker } from '../../core/transitions/tracker.ts';
import type { Transition } from '../../core/transitions/transition.ts';
import type { StoryLine } from './line.ts';
import { lineOf, nodeSilent, taskOffered } from './lines.ts';

/** Who hears the story of an account. */
export interface StoryOptions {
  /** Whether tasks are told of: thousands of lines a second. */
  readonly tasks: boolean;
  readonly tell: (line: StoryLine) => void;
}

/** A tick that was committed. */
interface CommittedTick {
  readonly events: readonly CoreEvent[];
  readonly decisions: Decisions;
  readonly transitions: readonly Transition[];
  /** Has the names. */
  readonly tracker: Pick<TransitionTracker, 'namesOf' | 'poolId'>;
  /** As they were before. */
  readonly nodes: ReadonlyMap<NodeNumber, NodeStatus>;
}

/**
 * Tells line by line what becomes of pools, nodes, schedules, jobs and tasks: the transitions that were committed, and
 * what no row shows. A tick of unknown outcome is not told; what it did shows in what follows. Never throws: what is
 * told changes nothing of what is done.
 */
export function tellStory({ tasks, tell }: StoryOptions, tick: CommittedTick): void {
  try {
    for (const event of tick.events) if (event.kind === 'unheard' && event.step === 'unknown') tellSilence(event, tick, tell);
    for (const transition of tick.transitions) {
      const line = 'task' in transition && !tasks ? null : lineOf(transition);
      if (line !== null) tell(line);
    }
    if (tasks) tellOffers(tick, tell);
  } catch (error) {
    tell({ level: 'warn', message: 'a fault of ours: not all that a tick did was told', fields: { error } });
  }
}

function tellSilence({ node, silentMs }: Extract<CoreEvent, { kind: 'unheard' }>, { nodes, tracker }: CommittedTick, tell: StoryOptions['tell']): void {
  const status = nodes.get(node);
  if (status !== undefined) tell(nodeSilent(tracker.poolId(status.pool), status, silentMs));
}

function tellOffers({ decisions: { tasks, offered = [] }, tracker }: CommittedTick, tell: StoryOptions['tell']): void {
  for (const status of [...tasks, ...offered]) if (status.state === 'offered') tell(taskOffered(tracker.namesOf(status.job, status.task, status.node), status));
}
