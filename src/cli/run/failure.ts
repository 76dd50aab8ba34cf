import { messageOf } from '../../base/errors.ts';
/**
 * The exit codes of `linarite run`, stable for scripts.
 *
 * | code | when |
 * |---|---|
 * | 0 | every task succeeded and its outputs are here; or `--detach` |
 * | 1 | some task failed |
 * | 2 | the command line or an input is wrong; nothing was started |
 * | 3 | the service or the storage refused, or cannot be reached |
 * | 4 | the pool gives no node that could run the tasks |
 * | 5 | an upload or a download failed, a pattern of outputs matched nothing, or outputs could not be fetched |
 * | 6 | Ctrl-C, and the job was left running |
 * | 130 | Ctrl-C, and the job was ended |
 */
export const EXIT_CODES = {
  succeeded: 0,
  taskFailed: 1,
  usage: 2,
  service: 3,
  noNodes: 4,
  files: 5,
  leftRunning: 6,
  ended: 130,
} as const;

export type Failure = Exclude<keyof typeof EXIT_CODES, 'succeeded'>;

/** Why a run cannot go on; its message is for the user, as it stands. */
export class RunError extends Error {
  override readonly name = 'RunError';
  readonly failure: Failure;
  constructor(failure: Failure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** The message of anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  return (messageOf(error)).replaceAll(/\s+/g, ' ').trim();
}

/** The usual errors of files in words. Their own messages repeat the path that ours name already. */
const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  EISDIR: 'it is a directory',
};

/** Why a file that a message names could not be read. */
export function whyUnread(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return (typeof code === 'string' ? FILE_ERRORS[code] : undefined) ?? reasonOf(error);
}
