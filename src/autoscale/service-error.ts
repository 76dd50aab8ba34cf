import { describeProblem, type Problem } from './problems.ts';

/** `autoScaleRun.error` on the wire. */
export interface AutoScaleRunError {
  readonly code: 'AutoScalingFormulaEvaluationError' | 'InsufficientSampleData';
  readonly message: string;
  readonly values: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The error of a run as the service reports it, for a formula that does not compile as for an evaluation that failed.
 * The one for samples has the service's own words (documented body of Pool Evaluate Auto Scale, documented pool
 * autoscale event, batch-shipyard issue 138), and so has the other (recorded: `$something_useless`). Each problem is
 * one value named `Message` that starts with `Line n, Col n: `.
 */
export function autoScaleRunError(problems: readonly Problem[]): AutoScaleRunError {
  const lacksSamples = problems.some((problem) => problem.code === 'InsufficientSampleData');
  return {
    code: lacksSamples ? 'InsufficientSampleData' : 'AutoScalingFormulaEvaluationError',
    message: lacksSamples ? 'Autoscale evaluation failed due to insufficient sample data' : 'The specified auto-scaling formula has evaluation error',
    values: problems.map((problem) => ({ name: 'Message', value: problem.inServiceWords ?? describeProblem(problem) })),
  };
}
