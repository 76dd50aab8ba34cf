import type { TaskNumber } from './keys.ts';

const PAGE = 512;

/** From a job's task numbers to rows of the table of open tasks; pages without open tasks take no room. */
export class TaskDirectory {
  readonly #pages = new Map<number, { readonly entries: Int32Array; used: number }>();

  /** -1: not open. */
  get(task: TaskNumber): number {
    return this.#pages.get(Math.floor(task / PAGE))?.entries[task % PAGE] ?? -1;
  }

  set(task: TaskNumber, entry: number): void {
    const index = Math.floor(task / PAGE);
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = { entries: new Int32Array(PAGE).fill(-1), used: 0 };
      this.#pages.set(index, page);
    }
    page.entries[task % PAGE] = entry;
    page.used += 1;
  }

  delete(task: TaskNumber): void {
    const index = Math.floor(task / PAGE);
    const page = this.#pages.get(index);
    if (page === undefined) return;
    page.entries[task % PAGE] = -1;
    page.used -= 1;
    if (page.used === 0) this.#pages.delete(index);
  }

  clear(): void {
    this.#pages.clear();
  }

  *entries(): Generator<number> {
    for (const page of this.#pages.values()) for (const entry of page.entries) if (entry !== -1) yield entry;
  }
}
