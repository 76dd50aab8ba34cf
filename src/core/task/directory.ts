import type { TaskNumber } from '../keys.ts';
import type { TaskRange } from '../status.ts';

const PAGE = 512;
/**
 * A job's open tasks are told of in so few ranges; what lies beyond is one range. They stand in a row that many ticks
 * write.
 */
const MOST_RANGES = 64;

/** From a job's task numbers to rows of the table of open tasks; pages without open tasks take no room. */
export class TaskDirectory {
  private readonly pages = new Map<number, { readonly entries: Int32Array; used: number }>();
  /** null: pages have come or gone since it was made. */
  private knownRanges: readonly TaskRange[] | null = null;

  /** -1: not open. */
  get(task: TaskNumber): number {
    return this.pages.get(Math.floor(task / PAGE))?.entries[task % PAGE] ?? -1;
  }

  set(task: TaskNumber, entry: number): void {
    const index = Math.floor(task / PAGE);
    let page = this.pages.get(index);
    if (page === undefined) {
      page = { entries: new Int32Array(PAGE).fill(-1), used: 0 };
      this.pages.set(index, page);
      this.knownRanges = null;
    }
    if (page.entries[task % PAGE] !== -1) throw new Error(`task ${task} is open already`);
    page.entries[task % PAGE] = entry;
    page.used += 1;
  }

  delete(task: TaskNumber): void {
    const index = Math.floor(task / PAGE);
    const page = this.pages.get(index);
    if (page === undefined || page.entries[task % PAGE] === -1) throw new Error(`task ${task} is not open`);
    page.entries[task % PAGE] = -1;
    page.used -= 1;
    if (page.used > 0) return;
    this.pages.delete(index);
    this.knownRanges = null;
  }

  clear(): void {
    this.pages.clear();
    this.knownRanges = null;
  }

  /** Numbers outside these ranges are not open; not every number within is. */
  ranges(): readonly TaskRange[] {
    this.knownRanges ??= rangesOf([...this.pages.keys()].toSorted((a, b) => a - b));
    return this.knownRanges;
  }

  *entries(): Generator<number> {
    for (const page of this.pages.values()) for (const entry of page.entries) if (entry !== -1) yield entry;
  }
}

/** `pages` in ascending order. */
function rangesOf(pages: readonly number[]): readonly TaskRange[] {
  const ranges: [TaskNumber, TaskNumber][] = [];
  for (const page of pages) {
    const [first, last] = [page * PAGE, (page + 1) * PAGE - 1];
    const before = ranges.at(-1);
    if (before !== undefined && (before[1] === first - 1 || ranges.length === MOST_RANGES)) before[1] = last;
    else ranges.push([first, last]);
  }
  return ranges;
}
