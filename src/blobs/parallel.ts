/** Items, or what makes them, which may take its time: it is given the signal of all that is under way. */
type Items<Item> = Iterable<Item> | ((signal: AbortSignal) => AsyncIterable<Item>);

/**
 * Works through the items, so many at a time, each begun after those before it. After the first failure nothing more is
 * begun, the signal of what is under way aborts, and once all of it has ended the failure is thrown.
 */
export async function inParallel<Item>(items: Items<Item>, most: number, signal: AbortSignal, work: (item: Item, signal: AbortSignal) => Promise<void>): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const next = typeof items === 'function' ? items(either)[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    try {
      for (let step = await next.next(); step.done !== true; step = await next.next()) {
        either.throwIfAborted();
        await work(step.value, either);
      }
    } catch (error) {
      // The first reason stays.
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  if (failed.signal.aborted) throw failed.signal.reason;
}
