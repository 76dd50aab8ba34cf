import type { IconName } from '../charts/states.ts';

export interface Place {
  readonly id: string;
  readonly word: string;
  readonly icon: IconName;
  readonly href: string;
  /** After `g`. */
  readonly key: string;
}

export const PLACES: readonly Place[] = [
  { id: '', word: 'Overview', icon: 'home', href: '#/', key: 'o' },
  { id: 'pools', word: 'Pools', icon: 'pool', href: '#/pools', key: 'p' },
  { id: 'jobs', word: 'Jobs', icon: 'job', href: '#/jobs', key: 'j' },
  { id: 'schedules', word: 'Schedules', icon: 'clock', href: '#/schedules', key: 's' },
  { id: 'cost', word: 'Cost', icon: 'coin', href: '#/cost', key: 'c' },
  { id: 'events', word: 'Events', icon: 'bell', href: '#/events', key: 'e' },
];

/** Those with room on a telephone. */
export const MAIN_PLACES = PLACES.filter(({ id }) => id !== 'schedules');
