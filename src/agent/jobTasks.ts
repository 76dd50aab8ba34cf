import type { Instant, JobNumber, JobTaskKey } from '../core/keys.ts';
import type { StartTaskStatus } from '../core/status.ts';
import type { TaskRun } from './attempts.ts';
import type { PreparationWork, Work } from './frames.ts';
import type { Report } from './reports.ts';
import { type RetryOptions, runWithRetries } from './retries.ts';

export interface JobTasksOptions extends Pick<RetryOptions, 'now' | 'signal' | 'pause'> {
  readonly start: (key: JobTaskKey, retry: number, work: Work) => TaskRun;
  readonly report: (report: Report) => void;
  /** After the report: the retention time of its directory begins. */
  readonly onEnded: (key: JobTaskKey, work: Work, endedAt: Instant) => void;
}

/**
 * Preparation and release tasks of jobs on a node. Each is asked for under a number, by every offer that needs it or by
 * a command that may come twice, and runs once under that number in this life, its retries included; whoever asks again
 * is told how it stands. They take no slots of their own: a task that waits for its job's preparation has its slots
 * already, and a release runs beside them all.
 */
export interface JobTasks {
  /**
   * Whether the job's tasks may start: at once, or when the preparation that runs has ended. It begins if it has not.
   */
  prepare(preparation: PreparationWork): boolean | Promise<boolean>;
  release(key: JobTaskKey, work: Work): void;
  end(key: JobTaskKey): void;
  /** The job is gone. */
  forgetJob(job: JobNumber): void;
}

interface Known {
  readonly key: JobTaskKey;
  readonly ending: AbortController;
  /** null: it was ended before it began. */
  status: StartTaskStatus | null;
  /** Whether it has succeeded. */
  done: Promise<boolean>;
}

/** So many that have ended are remembered; a job with more to come asks again, and its task runs again. */
const REMEMBERED = 10_000;

export function createJobTasks(options: JobTasksOptions): JobTasks {
  /** By job and kind, in the order in which they were asked for. */
  const all = new Map<string, Known>();

  const knownOf = ({ job, kind, attempt }: JobTaskKey): Known | undefined => {
    const known = all.get(placeOf(job, kind));
    return known?.key.attempt === attempt ? known : undefined;
  };
  const remember = (known: Known): void => {
    const place = placeOf(known.key.job, known.key.kind);
    all.delete(place);
    all.set(place, known);
    for (const [oldest, { status }] of all) {
      if (all.size <= REMEMBERED || status?.state === 'running') return;
      all.delete(oldest);
    }
  };
  const say = ({ key, status }: Known): void => options.report({ kind: 'jobTask', key, status });

  const begin = (key: JobTaskKey, work: Work, maxTaskRetryCount: number): Known => {
    const { now, signal, pause } = options;
    const known: Known = { key, ending: new AbortController(), status: null, done: Promise.resolve(false) };
    remember(known);
    known.done = runWithRetries({
      start: (retry) => options.start(key, retry, work),
      maxTaskRetryCount,
      now,
      signal,
      ...(pause === undefined ? {} : { pause }),
      ended: known.ending.signal,
      report: (status) => {
        known.status = status;
        say(known);
      },
    }).then(({ result, endedAt }) => {
      if (endedAt !== null) options.onEnded(key, work, endedAt);
      return result === 'success';
    });
    return known;
  };

  return {
    prepare: ({ key, work, waitForSuccess, maxTaskRetryCount }) => {
      const known = knownOf(key) ?? begin(key, work, maxTaskRetryCount);
      if (!waitForSuccess) return true;
      return known.status?.state === 'running' ? known.done : known.status?.result === 'success';
    },
    release: (key, work) => {
      const known = knownOf(key);
      if (known === undefined) begin(key, work, 0);
      else say(known);
    },
    end: (key) => {
      const known = knownOf(key);
      if (known?.status?.state === 'running') return known.ending.abort();
      const over = known ?? { key, ending: new AbortController(), status: null, done: Promise.resolve(false) };
      if (known === undefined) remember(over);
      say(over);
    },
    forgetJob: (job) => {
      for (const kind of ['preparation', 'release'] as const) {
        const place = placeOf(job, kind);
        if (all.get(place)?.status?.state !== 'running') all.delete(place);
      }
    },
  };
}

function placeOf(job: JobNumber, kind: JobTaskKey['kind']): string {
  return `${job}.${kind}`;
}
