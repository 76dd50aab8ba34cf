import type { Reason } from '../../reasons.ts';

/**
 * One condition for a task to be placed: null, or what is against it. Placement and `explain` ask the same filters.
 * They take constant time where nothing is against it.
 */
export type Filter<Subject> = (subject: Subject) => Reason | null;
