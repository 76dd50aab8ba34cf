import type { OwnerStore } from '../../store/ownerStore.ts';

/** A store that says how long each commit took, those that failed too. `now`: milliseconds that only grow. */
export function timedStore(store: OwnerStore, now: () => number, took: (ms: number) => void): OwnerStore {
  return {
    ...store,
    commit: async (tick) => {
      const begunAt = now();
      try {
        return await store.commit(tick);
      } finally {
        took(now() - begunAt);
      }
    },
  };
}
