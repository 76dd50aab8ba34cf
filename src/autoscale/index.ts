/** The formula language of autoscaled pools: what the rest of Linarite may use of it. See README.md. */
export { parseTime, printTimestamp } from './calendar.ts';
export { drawProblem, drawRemark, drawWarning } from './draw.ts';
export { evaluate, currentTargets, printValue, type Evaluation, type Settings } from './evaluate.ts';
export {
  appendSample,
  type Column,
  emptyHistory,
  historyBeginMs, historyEndMs, lastSamples,
  historyOf,
  parseHistory,
  SAMPLE_PERIOD_MS,
  serializeHistory,
  type SampleHistory,
} from './history.ts';
export { LIMITS } from './limits.ts';
export { lint, type Warning } from './lint/lint.ts';
export { firstReadsOfOwn, isOwnName, ownVariable } from './own.ts';
export { describeProblem, PROBLEM_KINDS, type Problem } from './problems.ts';
export { compile, type Program } from './program.ts';
export type { PoolFacts, WindowRead } from './run.ts';
export { readSampleFile, writeSampleFile } from './sample-file.ts';
export { autoScaleRunError } from './service-error.ts';
export type { Value } from './values.ts';
