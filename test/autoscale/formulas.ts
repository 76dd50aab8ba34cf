/** The 30 formulas found in public documents and samples, as they stand there: comments, line ends and all. */
import formulas from './formulas.json' with { type: 'json' };

export const FORMULA_IDS: readonly string[] = formulas.map(({ id }) => id);

export function publishedFormula(id: string): string {
  const found = formulas.find((candidate) => candidate.id === id);
  if (found === undefined) throw new RangeError(`no formula ${id}`);
  return found.formula;
}
