import type { ComponentType } from 'preact';

/** The ids that a view's address names, in their order. */
export interface ViewProps {
  readonly ids: readonly string[];
}

interface ViewRow {
  readonly name: string;
  /** Segments of the address; `*` is an id. */
  readonly path: readonly string[];
  readonly load: () => Promise<ComponentType<ViewProps>>;
}

/** Each is a file of its own, that browsers get when it is first looked at. */
const VIEWS: readonly ViewRow[] = [
  { name: 'overview', path: [], load: async () => (await import('../views/overview/Overview.tsx')).Overview },
  { name: 'pools', path: ['pools'], load: async () => (await import('../views/pools/Pools.tsx')).Pools },
  { name: 'pool', path: ['pools', '*'], load: async () => (await import('../views/pool/Pool.tsx')).Pool },
  { name: 'node', path: ['pools', '*', 'nodes', '*'], load: async () => (await import('../views/node/Node.tsx')).Node },
  { name: 'jobs', path: ['jobs'], load: async () => (await import('../views/jobs/Jobs.tsx')).Jobs },
  { name: 'job', path: ['jobs', '*'], load: async () => (await import('../views/job/Job.tsx')).Job },
  { name: 'task', path: ['jobs', '*', 'tasks', '*'], load: async () => (await import('../views/task/Task.tsx')).Task },
  { name: 'schedules', path: ['schedules'], load: async () => (await import('../views/schedules/Schedules.tsx')).Schedules },
  { name: 'schedule', path: ['schedules', '*'], load: async () => (await import('../views/schedule/Schedule.tsx')).Schedule },
  { name: 'cost', path: ['cost'], load: async () => (await import('../views/cost/Cost.tsx')).Cost },
  { name: 'events', path: ['events'], load: async () => (await import('../views/events/Events.tsx')).Events },
  { name: 'playground', path: ['playground'], load: async () => (await import('../views/playground/Playground.tsx')).Playground },
  { name: 'whatif', path: ['whatif'], load: async () => (await import('../views/whatif/WhatIf.tsx')).WhatIf },
  { name: 'settings', path: ['settings'], load: async () => (await import('../views/settings/Settings.tsx')).Settings },
];

/** The view of an address with its ids; undefined: there is none. */
export function viewOf(path: readonly string[]): (Pick<ViewRow, 'name' | 'load'> & ViewProps) | undefined {
  const row = VIEWS.find((one) => one.path.length === path.length && one.path.every((segment, at) => segment === '*' || segment === path[at]));
  return row === undefined ? undefined : { name: row.name, load: row.load, ids: path.filter((_segment, at) => row.path[at] === '*') };
}
