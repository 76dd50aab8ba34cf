/** `POST /linarite/autoscale/evaluate`: what is wrong with a formula, what may not be meant, and what it gives. */
export interface FormulaChecked {
  readonly problems: readonly FormulaProblem[];
  /** Of a formula without problems. */
  readonly warnings: readonly FormulaWarning[];
  /** With `samples`: a run as the data plane has it. */
  readonly evaluation?: { readonly timestamp: string; readonly results?: string; readonly error?: { readonly code: string; readonly message: string } };
}

/** Lines and columns count from 1. */
interface FormulaProblem {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

interface FormulaWarning {
  readonly rule: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Why. */
  readonly reason: string;
}
