import { seededRandom } from '../../control/journal.ts';

/** What a drill does, decided by its seed alone. */
export interface DrillPlan {
  /** Which of the two services ends: 0 or 1. */
  readonly lost: 0 | 1;
  /** It ends once so many results are here. */
  readonly afterResults: number;
  /** How long each task works, in tenths of a second. */
  readonly workTenths: readonly number[];
}

/** The same for the same seed and the same number of tasks (4 at least). */
export function planDrill(seed: number, tasks: number): DrillPlan {
  const random = seededRandom(seed);
  const lost = random() < 0.5 ? 0 : 1;
  // Never before anything is here, and always while something is left.
  const afterResults = 1 + Math.floor(random() * (tasks / 2));
  const workTenths = Array.from({ length: tasks }, () => 3 + Math.floor(random() * 10));
  return { lost, afterResults, workTenths };
}

/** What was seen in a drill. */
export interface DrillFacts {
  readonly tasks: number;
  /** Where each task began, once for each time. */
  readonly begun: readonly { readonly task: string; readonly at: number; readonly service: string }[];
  /** Of each task: how often its result is among the results, and whether it is right. */
  readonly results: ReadonlyMap<string, { readonly copies: number; readonly isRight: boolean }>;
  /** How many results are from which service. */
  readonly from: Readonly<Record<string, number>>;
  readonly lost: string;
  readonly workTenths: readonly number[];
  /** Of one clock, in milliseconds; null: it did not come to that. */
  readonly lostAt: number | null;
  readonly noticedAt: number | null;
  readonly endedAt: number;
  /** How the run ended; null: it succeeded. */
  readonly failure: string | null;
}

export interface Verdict {
  readonly passed: boolean;
  readonly tasks: number;
  readonly results: number;
  readonly from: Readonly<Record<string, number>>;
  /** Tasks that were begun more than once. */
  readonly runTwice: number;
  /** Seconds of work that was done again. */
  readonly workAgainSeconds: number;
  /** From the end of the service until the run went on without it; null: there was nothing to notice. */
  readonly noticedAfterSeconds: number | null;
  /** From then to the end. */
  readonly goneOnSeconds: number | null;
  /** Why it has not passed, a sentence each. */
  readonly faults: readonly string[];
}

/** A drill has passed when a service was lost in the middle and each task has one right result all the same. */
export function judge(facts: DrillFacts): Verdict {
  const { tasks, begun, results, lostAt, noticedAt, endedAt, failure, from } = facts;
  const times = new Map<string, number>();
  for (const { task } of begun) times.set(task, (times.get(task) ?? 0) + 1);
  const twice = [...times].filter(([, count]) => count > 1);
  const doubled = [...results].filter(([, { copies }]) => copies > 1);
  const wrong = [...results].filter(([, { isRight, copies }]) => !isRight && copies > 0);
  const present = [...results].filter(([, { copies }]) => copies > 0).length;
  const faults = [
    ...(failure === null ? [] : [`the run failed: ${failure}`]),
    ...(lostAt === null ? ['no service was lost: the run was over before'] : []),
    ...(present < tasks ? [`${tasks - present} results are missing`] : []),
    ...(doubled.length > 0 ? [`${doubled.length} results are there twice: ${doubled[0]?.[0]}`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} results are wrong: ${wrong[0]?.[0]}`] : []),
  ];
  return {
    passed: faults.length === 0,
    tasks,
    results: present,
    from,
    runTwice: twice.length,
    workAgainSeconds: twice.reduce((sum, [task, count]) => sum + (count - 1) * (facts.workTenths[Number(task) - 1] ?? 0), 0) / 10,
    noticedAfterSeconds: lostAt === null || noticedAt === null ? null : seconds(noticedAt - lostAt),
    goneOnSeconds: noticedAt === null ? null : seconds(endedAt - noticedAt),
    faults,
  };
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** The verdict in words. */
export function verdictLines({ passed, tasks, results, from, runTwice, workAgainSeconds, noticedAfterSeconds, goneOnSeconds, faults }: Verdict): string[] {
  return [
    `tasks: ${tasks}; results: ${results}, ${Object.entries(from).map(([name, count]) => `${count} from ${name}`).join(', ')}`,
    `run twice: ${runTwice} ${runTwice === 1 ? 'task' : 'tasks'}, ${workAgainSeconds} s of work again`,
    ...(noticedAfterSeconds === null ? [] : [`time lost: ${noticedAfterSeconds} s until the loss was noticed, and what ran again; the rest took ${goneOnSeconds} s on one service`]),
    ...faults,
    passed ? 'passed: one service was lost, and each task has one result' : 'failed',
  ];
}
