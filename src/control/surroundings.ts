import type { FileAnswer, FileAsk, NodeAnswer, NodeAsk } from '../agent/frames.ts';
import type { Absent } from './absent.ts';
import type { LogArchive } from './logArchive.ts';
import type { NodeAsks } from './nodeAsks.ts';
import type { NodeSource } from './nodeSource.ts';
import type { OwnerOptions } from './ownerOptions.ts';
import type { Quarantine } from './quarantine.ts';
import type { StoryOptions } from './story/story.ts';
import type { Sweeps } from './sweeps.ts';

/** What a session works with, and what outlasts it. */
export interface Surroundings {
  readonly options: OwnerOptions;
  readonly source: NodeSource;
  /** Silence goes on whatever is in memory: a lease is counted from when the agent fell silent. */
  readonly absent: Absent;
  readonly fileAsks: NodeAsks<FileAsk, FileAnswer>;
  readonly nodeAsks: NodeAsks<NodeAsk, NodeAnswer>;
  /** null: nothing is archived, nor ever was. */
  readonly archive: LogArchive | null;
  /** Callers wait for their numbers, however often the account is loaded. */
  readonly sweeps: Sweeps;
  readonly quarantine: Quarantine;
  readonly story: StoryOptions | null;
}
