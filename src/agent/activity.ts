/**
 * Work on the agent's one thread that may be long: file systems, the machine's processes and large inputs set its
 * length. The watchdog names it when it is too long.
 */
const ACTIVITIES = [
  'something without a name',
  'acting as a task’s user',
  'giving directories to a user',
  'listing files',
  'looking at mounts',
  'looking at processes',
  'making directories',
  'matching file patterns',
  'measuring what the node uses',
  'reading frames',
  'reading what a task wrote',
  'removing directories',
  'starting slot shells',
  'walking directories',
  'writing reports',
  'writing the journal',
] as const;

export type Activity = (typeof ACTIVITIES)[number];

/**
 * The memory that this thread shares with its watchdog: a number that changes as long as the event loop goes on, the
 * place of the present work among the activities, and how often the watchdog has looked.
 */
export const SHARED = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
export const BEAT = 0;
export const DOING = 1;
export const LOOKS = 2;

export const activityNames: readonly string[] = ACTIVITIES;

const PLACES = new Map<Activity, number>(ACTIVITIES.map((activity, place) => [activity, place]));

/** Does something synchronous under a name. Inside of another activity it is the inner one that is named. */
export function during<T>(activity: Activity, act: () => T): T {
  const outer = SHARED[DOING] ?? 0;
  SHARED[DOING] = PLACES.get(activity) ?? 0;
  try {
    return act();
  } finally {
    SHARED[DOING] = outer;
  }
}
