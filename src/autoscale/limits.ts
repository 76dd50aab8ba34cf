/** How large a formula, and how much work one evaluation of it, may be. Passing a limit is an error with a place. */
export interface Limits {
  /** UTF-16 units of the text. The service: 8 KB, "8192 characters" (error AutoScaleFormulaTooLong). */
  readonly characters: number;
  /** Statements that are not blank. The service: 100 (autoscale article, "Automatic scaling formulas"). */
  readonly statements: number;
  /** Levels of one expression, operator chains included. Ours: all later walks recurse over the tree. */
  readonly depth: number;
  /** Elements of one vector or argument list. Ours; a week of samples has 20,160. */
  readonly vectorLength: number;
  /**
   * Tree nodes visited, vector elements touched, and ten for each one printed, in one evaluation. Ours; a day of
   * samples takes a few thousand.
   */
  readonly steps: number;
  /** Problems reported for one text; the rest would mostly be echoes. Ours. */
  readonly problems: number;
}

export const LIMITS: Limits = {
  characters: 8192,
  statements: 100,
  depth: 256,
  vectorLength: 25_000,
  steps: 1_000_000,
  problems: 20,
};
