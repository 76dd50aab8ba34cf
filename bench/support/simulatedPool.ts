import { databaseSettings } from './databaseSettings.ts';
import { LINUX, pollUntil, smallClient, type SmallClient } from './pool.ts';
import type { Script } from './scriptedAgent.ts';
import { place, startSimulated, type SimulatedService } from './simulated.ts';

export const NODES = 50;
export const SLOTS = 4;
const CLIENTS = 4;

export interface SimulatedPool {
  /** Of the pool `bench`, whose nodes are idle. */
  readonly clients: readonly [SmallClient, ...SmallClient[]];
  readonly service: SimulatedService;
}

/** What `measure` finds on a service of its own with simulated nodes, beside the settings of its database. */
export async function withSimulatedPool(script: Script, measure: (pool: SimulatedPool) => Promise<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const at = await place();
  try {
    const service = await startSimulated(at, script);
    const { AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY } = service.env;
    const connect = (): SmallClient => smallClient(AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY);
    const clients: readonly [SmallClient, ...SmallClient[]] = [connect(), ...Array.from({ length: CLIENTS - 1 }, connect)];
    const [client] = clients;
    try {
      await client.call('POST', '/pools', { id: 'bench', ...LINUX, targetDedicatedNodes: NODES, taskSlotsPerNode: SLOTS });
      await pollUntil(async () => ((await client.call('GET', "/pools/bench/nodes?$filter=state eq 'idle'&$select=id")) as { value: unknown[] }).value.length === NODES, 20);
      return { ...(await measure({ clients, service })), ...(await databaseSettings(at)) };
    } finally {
      for (const one of clients) one.close();
      await service.stop();
    }
  } finally {
    await at.purge();
  }
}

/** `measure`, with the service's functions that took most of its time printed if that is asked for. */
export async function profiledIf<T>(isAsked: boolean, service: SimulatedService, measure: () => Promise<T>): Promise<T> {
  if (!isAsked) return measure();
  const { result, top } = await service.profiled(measure);
  for (const { name, ms, percent } of top) console.log(`${String(ms).padStart(7)} ms ${String(percent).padStart(5)} %  ${name}`);
  return result;
}
