import { seededRandom } from '../../control/journal.ts';
import type { Random } from '../../core/port.ts';
import type { Arrival, Mix, Synthetic } from '../../wire/simulation/synthetic.ts';
import { draw } from './distribution.ts';
import { jobsByPriority, type Load } from './load.ts';

/** The same for the same seed, whatever pool it is tried on. */
export function syntheticLoad({ tasks, duration, arrival, slots, priority, failures, retries }: Synthetic, seed: number): Load {
  const random = seededRandom(seed);
  const arrivals = arrivalsOf(arrival, tasks, random);
  const made = arrivals.map((arrivalMs, index) => ({
    id: String(index + 1),
    arrivalMs,
    durationMs: Math.max(0, Math.round(draw(duration, random))),
    slots: pick(slots, random),
    priority: pick(priority, random),
    exits: failures === 0 ? [] : Array.from({ length: retries + 1 }, () => (random() < failures ? 1 : 0)),
  }));
  return { name: `${tasks.toLocaleString('en')} task${tasks === 1 ? '' : 's'}`, jobs: jobsByPriority(made, retries) };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BUSIEST_MS = 14 * HOUR_MS;
/** At the busiest so much more, at the quietest so much less than at all times alike. */
const SWING = 0.9;

/** In their order. */
function arrivalsOf(arrival: Arrival, tasks: number, random: Random): number[] {
  switch (arrival.kind) {
    case 'all':
      return Array.from({ length: tasks }, () => 0);
    case 'every':
      return Array.from({ length: tasks }, (_, index) => Math.round(index * arrival.ms));
    case 'poisson': {
      let at = 0;
      return Array.from({ length: tasks }, () => Math.round((at += -Math.log(1 - random()) / arrival.perMs)));
    }
    case 'daily':
      return Array.from({ length: tasks }, () => momentOfDay(random)).sort((a, b) => a - b);
  }
}

function momentOfDay(random: Random): number {
  for (;;) {
    const at = random() * DAY_MS;
    const density = (1 + SWING * Math.cos((2 * Math.PI * (at - BUSIEST_MS)) / DAY_MS)) / (1 + SWING);
    if (random() < density) return Math.floor(at);
  }
}

function pick(mix: Mix, random: Random): number {
  if (mix.length === 1) return mix[0]?.value ?? 0;
  let left = random() * mix.reduce((sum, { weight }) => sum + weight, 0);
  for (const { value, weight } of mix) {
    left -= weight;
    if (left < 0) return value;
  }
  return mix.at(-1)?.value ?? 0;
}
