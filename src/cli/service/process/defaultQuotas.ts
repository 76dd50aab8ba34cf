import type { Quotas } from '../../../api/call.ts';
import { isLoopback } from '../../../processes/machine.ts';
import { LIMITS } from '../../../wire/limits.ts';

/**
 * What an account may have of pools and of active jobs where its operator has set nothing. A service that only its own
 * machine reaches has no bound, which somebody would run into by accident. One that others reach has the real
 * service's.
 */
export function defaultQuotas(host: string): Quotas {
  return isLoopback(host) ? { pools: null, activeJobs: null } : { pools: LIMITS.quotas.pools, activeJobs: LIMITS.quotas.activeJobsAndSchedules };
}
