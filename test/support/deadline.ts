/**
 * Polls `holds` until it is true; throws after `ms` with what was waited for. For states of other processes that
 * announce nothing.
 */
export async function until(what: string, holds: () => Promise<boolean> | boolean, ms = 60_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
