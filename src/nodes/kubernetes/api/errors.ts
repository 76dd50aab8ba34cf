import { messageOf } from '../../../base/errors.ts';

/** The API server has answered, and not as it was asked: its own words. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** As in the `Status` of the answer: `AlreadyExists`, `Forbidden`, `Expired`. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The API server could not be asked: it is away, cannot be proved, or has no time for us. */
export class ApiAway extends Error {
  constructor(server: string, cause: unknown) {
    super(`The Kubernetes API server at ${server} cannot be asked: ${messageOf(cause)}`, { cause });
  }
}

export function isGone(error: unknown): boolean {
  return error instanceof ApiRefusal && error.status === 404;
}

export function isThere(error: unknown): boolean {
  return error instanceof ApiRefusal && error.reason === 'AlreadyExists';
}

/** What was listed last is too old to be followed from there. */
export function isTooOld(error: unknown): boolean {
  return error instanceof ApiRefusal && (error.status === 410 || error.reason === 'Expired');
}
