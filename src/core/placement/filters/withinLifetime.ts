import type { Instant } from '../../keys.ts';
import { LIMITS } from '../../../wire/limits.ts';
import type { Filter } from './filter.ts';

/** A task that was added 180 days ago does not begin to run any more (task/lifetime.ts). */
export const withinLifetime: Filter<{ readonly createdAt: Instant; readonly overTimeUntil: Instant }> = ({ createdAt, overTimeUntil }) =>
  createdAt <= overTimeUntil ? { code: 'OverTime', days: LIMITS.taskLifetimeMs / (24 * 3_600_000) } : null;
