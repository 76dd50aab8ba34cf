import type { Random } from '../../core/port.ts';
import type { Distribution } from '../../wire/simulation/distribution.ts';

/** Not rounded. */
export function draw(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms;
    case 'exponential':
      return -Math.log(1 - random()) * distribution.meanMs;
    case 'lognormal':
      return distribution.medianMs * Math.exp(distribution.sigma * normal(random));
    case 'uniform':
      return distribution.leastMs + random() * (distribution.mostMs - distribution.leastMs);
    case 'recorded':
      return distribution.ms[Math.floor(random() * distribution.ms.length)] ?? 0;
  }
}

/** Of mean 0 and deviation 1 (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
