/**
 * Works through the items, so many at a time, each begun after those before it. After the first failure nothing more is
 * begun, the signal of what is under way aborts, and once all of it has ended the failure is thrown.
 */
export async function inParallel<Item>(items: Iterable<Item> | AsyncIterable<Item>, most: number, signal: AbortSignal, work: (item: Item, signal: AbortSignal) => Promise<void>): Promise<void> {
  const next = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const worker = async (): Promise<void> => {
    for (let step = await next.next(); step.done !== true; step = await next.next()) {
      either.throwIfAborted();
      await work(step.value, either);
    }
  };
  const workers = Array.from({ length: most }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    failed.abort();
    await Promise.allSettled(workers);
    throw error;
  }
}
