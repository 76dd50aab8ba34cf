/** The formula language of autoscaled pools: what the rest of Linarite may use of it. See README.md. */
export { parseTime, printTimestamp } from './calendar.ts';
export { drawProblem, drawWarning } from './draw.ts';
export { evaluate, currentTargets, printValue, type Evaluation, type NamedValue, type Settings } from './evaluate.ts';
export {
  appendSample,
  emptyHistory,
  historyEndMs,
  parseHistory,
  SAMPLE_PERIOD_MS,
  serializeHistory,
  type SampleHistory,
  type SampleWindow,
  type SerializedHistory,
} from './history.ts';
export { LIMITS, type Limits } from './limits.ts';
export { lint, type Warning } from './lint/lint.ts';
export { describeProblem, type Problem, type ProblemCode } from './problems.ts';
export { compile, type Compilation, type Program } from './program.ts';
export type { PoolFacts, WindowRead } from './run.ts';
export { readSampleFile } from './sample-file.ts';
export { autoScaleRunError, type AutoScaleRunError } from './service-error.ts';
