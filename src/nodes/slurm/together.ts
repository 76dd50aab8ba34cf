/** What comes within this time of the first is one. */
const GATHER_MS = 25;

/**
 * Makes one act of what is asked for at about the same time. `act` returns which items failed, and why; where it throws
 * all did.
 */
export function together<Item>(act: (items: readonly Item[]) => Promise<ReadonlyMap<Item, Error>>): (item: Item) => Promise<void> {
  let gathering: { readonly items: Item[]; readonly done: Promise<ReadonlyMap<Item, Error>> } | null = null;

  const begin = (): NonNullable<typeof gathering> => {
    const items: Item[] = [];
    const done = new Promise((resolve) => setTimeout(resolve, GATHER_MS)).then(() => {
      gathering = null;
      return act(items);
    });
    return { items, done };
  };

  return async (item) => {
    gathering ??= begin();
    gathering.items.push(item);
    const failure = (await gathering.done).get(item);
    if (failure !== undefined) throw failure;
  };
}
