import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { ownerContract } from '../store/ownerContract.ts';

ownerContract("the simulator's stand-in", async () => {
  const { store, intents, silence, tables } = memoryStore({ clock: () => 1_000_000 });
  let accounts = 0;
  return {
    store,
    intents,
    transitions: async (account) => tables.transitions(account),
    usage: async (account) => tables.usage(account).map(({ account: _a, ...row }) => row).toSorted((a, b) => a.hour - b.hour || Number(a.lowPriority) - Number(b.lowPriority)),
    addAccount: async () => {
      accounts += 1;
      return accounts;
    },
    silence: async (process) => silence(process),
    close: async () => {},
  };
});
