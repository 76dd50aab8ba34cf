/** `POST /linarite/autoscale/evaluate`: what is wrong with a formula, what may not be meant, and what it gives. */
export interface FormulaChecked {
  readonly problems: readonly FormulaProblem[];
  /** Of a formula without problems. */
  readonly warnings: readonly FormulaWarning[];
  /** With `samples`: a run as the data plane has it. */
  readonly evaluation?: { readonly timestamp: string; readonly results?: string; readonly error?: { readonly code: string; readonly message: string } };
  /** With `over`: so many moments from the first sample to the last. */
  readonly over?: readonly FormulaMoment[];
}

/** What a formula would have asked for at a moment, and what was measured by then; null: nothing yet. */
export interface FormulaMoment {
  readonly time: string;
  /** Left out where the formula failed. */
  readonly dedicated?: number;
  readonly lowPriority?: number;
  readonly waiting: number | null;
  readonly running: number | null;
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
