import { countActiveJobs } from '../../../store/intents/jobs.ts';
import { countActiveSchedules } from '../../../store/intents/schedules.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Call, Quotas } from '../../call.ts';

/**
 * Active jobs and job schedules have a quota together (limits.md 7.1). Jobs that a schedule makes count, and are made
 * in any case. To be called under `lockAccount`. @throws BatchError ActiveJobAndScheduleQuotaReached.
 */
export async function checkActiveQuota(tx: Transaction, { principal }: Call, { activeJobs }: Quotas): Promise<void> {
  if (activeJobs === null) return;
  const { number } = principal.account;
  const [jobs, schedules] = await Promise.all([countActiveJobs(tx, number), countActiveSchedules(tx, number)]);
  if (jobs + schedules >= activeJobs) throw new BatchError('ActiveJobAndScheduleQuotaReached');
}
