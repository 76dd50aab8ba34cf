/** What the service says of a drill (docs/low-priority.md). */
export interface Drill {
  readonly id: string;
  readonly state: 'active' | 'stopped' | 'completed';
  /** Left out: all. */
  readonly pools?: readonly string[];
  readonly rate: string;
  readonly seed: number;
  readonly grace: string;
  readonly creationTime: string;
  readonly endTime?: string;
}

/** `drill 3 is active: 10%/min of the low-priority nodes of pool a, seed 7, grace PT30S, since …` */
export function drillLine({ id, state, pools, rate, seed, grace, creationTime, endTime }: Drill): string {
  const whose = pools === undefined ? 'all pools' : `${pools.length === 1 ? 'pool' : 'pools'} ${pools.join(', ')}`;
  const end = endTime === undefined ? '' : `${state === 'active' ? ' until' : ' to'} ${endTime}`;
  return `drill ${id} is ${state}: ${rate} of the low-priority nodes of ${whose}, seed ${seed}, grace ${grace}, from ${creationTime}${end}`;
}
