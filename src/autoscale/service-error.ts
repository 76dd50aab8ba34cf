import { describeProblem, PROBLEM_KINDS, type Problem } from './problems.ts';

/** `autoScaleRun.error` on the wire. */
export interface AutoScaleRunError {
  readonly code: 'AutoScalingFormulaEvaluationError' | 'InsufficientSampleData';
  readonly message: string;
  readonly values: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The error of a run as the service reports it, for a formula that does not compile as for an evaluation that failed.
 * Codes: SDK live tests (`$something_useless`) and, for samples, the documented body of Pool Evaluate Auto Scale and
 * batch-shipyard issue 138. Each problem is one value named `Message` that starts with `Line n, Col n: `, as there.
 */
export function autoScaleRunError(problems: readonly Problem[]): AutoScaleRunError {
  const lacksSamples = problems.some((problem) => problem.code === 'InsufficientSampleData');
  return {
    code: lacksSamples ? 'InsufficientSampleData' : 'AutoScalingFormulaEvaluationError',
    message: lacksSamples ? PROBLEM_KINDS.InsufficientSampleData.title : 'the formula could not be evaluated',
    values: problems.map((problem) => ({ name: 'Message', value: describeProblem(problem) })),
  };
}
