import type { FailureInfo, ResizeError } from '../../core/status.ts';

/** One line of the log that tells what became of a pool, node, job or task. */
export interface StoryLine {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
  /** Ids as users know them (`poolId`, `nodeId`, `jobId`, `taskId`) beside numbers (`pool`, `node`, `job`, `task`). */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `AllocationTimedout: Desired number of …`, with its values: why nodes could not be had stands there. */
export function textOf({ code, message, values = [] }: ResizeError): string {
  return [`${code}: ${message}`, ...values.map(({ name, value }) => `${name}: ${value}`)].join('; ');
}

/** Without details: they may quote what a task was given. */
export function failureOf(failure: FailureInfo | null): { readonly failure?: string } {
  return failure === null ? {} : { failure: `${failure.code}: ${failure.message}` };
}

/** The exit code, where there is one. */
export function exitOf(exitCode: number | null): { readonly exitCode?: number } {
  return exitCode === null ? {} : { exitCode };
}
