import { autoScaleRunError, compile, currentTargets, describeProblem, evaluate, type PoolFacts, type SampleHistory } from '../../autoscale/index.ts';
import type { NodeDeallocationOption } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { Random } from '../port.ts';
import type { ResizeError } from '../status.ts';

export { compile, describeProblem, firstReadsOfOwn, historyBeginMs, historyEndMs, isOwnName, lastSamples, lint, ownVariable, readSampleFile, writeSampleFile } from '../../autoscale/index.ts';
export type { PoolFacts, SampleHistory };

/** What one evaluation of a formula found. `targets`: null, it failed. */
export interface FormulaRun {
  readonly targets: { readonly dedicated: number; readonly lowPriority: number; readonly option: NodeDeallocationOption } | null;
  /** As the service writes it: of a run that failed, the targets as they are. */
  readonly results: string;
  readonly error: ResizeError | null;
}

/** What is wrong with a text as a formula, whatever it runs on: a sentence each, with its place. */
export function problemsOf(formula: string): readonly string[] {
  const compiled = compile(formula);
  return compiled.ok ? [] : compiled.problems.map((problem) => problem.inServiceWords ?? describeProblem(problem));
}

/** Runs a formula, good or bad, on what is known of a pool. */
export function runFormula(formula: string, { samples, now, random, facts }: { readonly samples: SampleHistory; readonly now: Instant; readonly random: Random; readonly facts: PoolFacts }): FormulaRun {
  const compiled = compile(formula);
  if (!compiled.ok) return { targets: null, results: currentTargets(facts), error: autoScaleRunError(compiled.problems) };
  const run = evaluate(compiled.program, samples, now, random, facts);
  if (!run.ok) return { targets: null, results: run.results, error: autoScaleRunError([run.problem]) };
  const { targetDedicatedNodes: dedicated, targetLowPriorityNodes: lowPriority, nodeDeallocationOption: option, results } = run;
  return { targets: { dedicated, lowPriority, option }, results, error: null };
}
