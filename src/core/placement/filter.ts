import type { ReasonCode } from '../port.ts';

/**
 * One condition for a task to be placed. Placement asks `passes`; `explain` asks the same filters and, of those that do not pass, what to tell.
 */
export interface Filter<Subject> {
  readonly code: ReasonCode;
  passes(subject: Subject): boolean;
  /** One sentence for the user; asked only where it does not pass. */
  message(subject: Subject): string;
}
