import type { ItemReport, SeedReport } from '../../api/seed/report.ts';

/** There may be very many: they are counted, and named where something is to be seen to. */
const COUNTED = new Set(['task', 'blob']);

/** What became of a seed, a line an item, and a line that counts. `lineOf`: where a place stands in the file. */
export function linesOf({ items, counts, dryRun }: SeedReport, lineOf: (place: string) => string): readonly string[] {
  const shown = items.filter(({ kind, outcome }) => outcome === 'differs' || outcome === 'refused' || !COUNTED.has(kind));
  const parts = Object.entries(counts).filter(([, count]) => count > 0).map(([outcome, count]) => `${count} ${outcome}`);
  return [...shown.map((item) => lineOfItem(item, lineOf)), `${dryRun ? 'would be: ' : ''}${parts.join(', ') || 'nothing to make'}`];
}

/** Whether all is as the file says. */
export function isWhole({ counts }: SeedReport): boolean {
  return counts.refused === 0 && counts.differs === 0;
}

function lineOfItem({ kind, id, place, outcome, differing = [], error }: ItemReport, lineOf: (place: string) => string): string {
  const what = `${outcome.padEnd(9)}  ${kind} ${id}`;
  if (outcome !== 'differs' && outcome !== 'refused') return differing.length === 0 ? what : `${what}: ${differing.join(', ')}`;
  const property = error?.property ?? differing[0];
  const where = lineOf(property === undefined ? place : `${place}.${property}`);
  const why = error === undefined ? [] : [`${error.code}: ${error.message}${error.property === undefined ? '' : ` (${error.property})`}`];
  return `${what}: ${[...(differing.length === 0 ? [] : [differing.join(', ')]), ...why].join('; ')} [${where}]`;
}
