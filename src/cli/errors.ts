/** Exit codes; scripts rely on them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** The service does not run (as `status` of an init script says it). */
  notRunning: 3,
  portTaken: 4,
  /** Data directory or database belong to a newer version. */
  newerData: 5,
  /** What `--wait` waited for had not come by `--timeout`. */
  timedOut: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A message of a command to its user, before it ends with `exitCode`. The message says what to do about it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
