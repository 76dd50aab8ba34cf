import { timeText } from '../../base/times.ts';
import type { Distribution } from '../../wire/simulation/distribution.ts';
import type { Model } from './model.ts';

/** What the load does not say and the outcome depends on, a clause each. */
export function assumptionsOf({ boot, startTask, preemptedPerHour }: Model, hasStartTask: boolean): readonly string[] {
  return [
    `a node boots in ${distributionText(boot)}`,
    ...(hasStartTask ? [`start tasks take ${distributionText(startTask)}`] : []),
    ...(preemptedPerHour === 0 ? [] : [`${(100 * preemptedPerHour).toFixed(1)} % of low-priority nodes are taken away in an hour`]),
  ];
}

function distributionText(distribution: Distribution): string {
  switch (distribution.kind) {
    case 'constant':
      return timeText(distribution.ms);
    case 'exponential':
      return `${timeText(distribution.meanMs)} on average (exponential)`;
    case 'lognormal':
      return `${timeText(distribution.medianMs)} in the median (lognormal, ${distribution.sigma})`;
    case 'uniform':
      return `${timeText(distribution.leastMs)} to ${timeText(distribution.mostMs)}`;
    case 'recorded':
      return `what ${distribution.ms.length === 1 ? 'it was' : `${distribution.ms.length} measured times were`}`;
  }
}
