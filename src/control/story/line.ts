/** One line of the log that tells what became of a pool, node, job or task. */
export interface StoryLine {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
  /** Ids as users know them (`poolId`, `nodeId`, `jobId`, `taskId`) beside numbers (`pool`, `node`, `job`, `task`). */
  readonly fields: Readonly<Record<string, unknown>>;
}
