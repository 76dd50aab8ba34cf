/** What squeue says of jobs: the words that ask it, and how its lines are read. */

export interface QueuedJob {
  /** As scancel takes it: `12`, or `12_3` of an array. */
  readonly id: string;
  /** Grows with each job: of two jobs with one name the later has the larger. */
  readonly order: number;
  /** In its array; null: it is in none. */
  readonly index: number | null;
  /** `RUNNING`, `COMPLETING` … (squeue, "JOB STATE CODES"). */
  readonly state: string;
  readonly hosts: string;
  /** When it began; null: it has not. Times are milliseconds of the controller's clock. */
  readonly startedAt: number | null;
  /** When it ends, or has ended; null: nothing says so. */
  readonly endsAt: number | null;
  /** When Slurm chose it to make room for others; null: it has not. */
  readonly preemptedAt: number | null;
  /** Why it waits, or how it came to its end, in Slurm's word. */
  readonly reason: string;
  readonly name: string;
}

/** The name is last: whoever else has jobs may have anything in theirs. */
const FIELDS = ['ArrayJobID', 'ArrayTaskID', 'State', 'NodeList', 'StartTime', 'EndTime', 'PreemptTime', 'Reason', 'Name'] as const;
const BETWEEN = '|';

/**
 * One line an element of an array, with all states: jobs that have ended stay in sight for a while (MinJobAge). A field
 * without a width is printed whole.
 */
export function queueWords(user: string): readonly string[] {
  return ['--noheader', '--array', '--states=all', `--user=${user}`, `--Format=${FIELDS.map((field) => `${field}:${BETWEEN}`).join(',')}`];
}

/** Times in seconds since 1970 instead of the host's own time without its zone. */
export const QUEUE_ENVIRONMENT = { SLURM_TIME_FORMAT: '%s' } as const;

/**
 * Lines that are none of a job are passed over: a warning, a field that this release prints otherwise. Elements of an
 * array that share a line (squeue of some releases ignores `--array` for those that wait) become one job each.
 */
export function readQueue(text: string): readonly QueuedJob[] {
  return text.split('\n').flatMap((line) => readLine(line));
}

function readLine(line: string): readonly QueuedJob[] {
  const fields = line.split(BETWEEN).map((field) => field.trim());
  const [job = '', indices = '', state = '', hosts = '', starts = '', ends = '', preempted = '', reason = ''] = fields;
  const name = fields.slice(FIELDS.length - 1).join(BETWEEN).replace(/\|$/, '');
  if (!/^\d+$/.test(job) || !/^[A-Z_]+\+?$/.test(state)) return [];
  const common = { order: Number(job), state: state.replace(/\+$/, ''), hosts: given(hosts), startedAt: timeOf(starts), endsAt: timeOf(ends), preemptedAt: timeOf(preempted), reason: given(reason), name };
  const places = placesOf(indices);
  return places === null ? [{ ...common, id: job, index: null }] : places.map((index) => ({ ...common, id: `${job}_${index}`, index }));
}

/** null: it is in no array. `[0-3,7%2]` are those that wait together. */
function placesOf(text: string): readonly number[] | null {
  const listed = /^\[?([\d,-]+)(?:%\d+)?\]?$/.exec(text)?.[1];
  if (listed === undefined) return null;
  return listed.split(',').flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split('-').map(Number);
    return Number.isInteger(from) && to >= from ? Array.from({ length: to - from + 1 }, (_, index) => from + index) : [];
  });
}

/** `N/A`, `NONE` and the like are no time. */
function timeOf(text: string): number | null {
  return /^\d{6,}$/.test(text) ? Number(text) * 1000 : null;
}

function given(text: string): string {
  return text === 'N/A' || text === '(null)' || text === 'None' ? '' : text;
}
