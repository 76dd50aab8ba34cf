import { publishedFormula } from '../../test/autoscale/formulas.ts';
import { linarite } from '../../test/support/linarite.ts';
import { LINUX, quantile, rounded, smallClient, type SmallClient } from './pool.ts';
import { place, startSimulated } from './simulated.ts';
import { profiledIf } from './simulatedPool.ts';

const POOLS = 1_000;
const CLIENTS = 8;
const INTERVAL_MS = 5 * 60_000;
const SAMPLE_MS = 30_000;
/** An hour of them: more than the formula looks at. */
const SAMPLES = 120;
const ROUNDS = 7;

/**
 * A service with so many pools whose formula (F21 of test/autoscale/formulas.json) has an hour of samples: its time of
 * day is set forward by the interval, so that all are due at once. From a request that its owner answers after a turn,
 * until that is answered: by then all have been evaluated, and what they gave is durable. Median of the rounds.
 */
export async function measureFormulas(isProfiled: boolean): Promise<{ readonly evaluateMs: number }> {
  const at = await place();
  try {
    const service = await startSimulated(at, () => ({ kind: 'exited', exitCode: 0 }));
    let aheadMs = 0;
    const client = smallClient(service.env.AZURE_BATCH_ENDPOINT, service.env.AZURE_BATCH_ACCOUNT, service.env.AZURE_BATCH_ACCESS_KEY, () => Date.now() + aheadMs);
    const advance = async (ms: number): Promise<void> => {
      await service.advance(ms);
      aheadMs += ms;
    };
    try {
      await linarite(['account', 'set', '--quota', `pools=${POOLS}`, '--data-dir', at.dataDir]);
      await addPools(client);
      for (let sample = 0; sample < SAMPLES; sample++) {
        await advance(SAMPLE_MS);
        await turn(client, `sample${sample}`);
      }
      const took: number[] = [];
      const rounds = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round++) took.push(await evaluateAll(client, () => advance(INTERVAL_MS), round));
      };
      await profiledIf(isProfiled, service, rounds);
      console.log(`the formulas of ${POOLS} pools, all due at once, evaluated and durable in ${quantile(took, 0.5).toFixed(0)} ms, ${Math.max(...took).toFixed(0)} ms at worst of ${ROUNDS}`);
      return { evaluateMs: rounded(quantile(took, 0.5), 0) };
    } finally {
      client.close();
      await service.stop();
    }
  } finally {
    await at.purge();
  }
}

async function addPools(client: SmallClient): Promise<void> {
  const ids = Array.from({ length: POOLS }, (_, index) => `scaled${index}`);
  const autoScale = { enableAutoScale: true, autoScaleFormula: publishedFormula('F21'), autoScaleEvaluationInterval: `PT${INTERVAL_MS / 60_000}M` };
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) await client.call('POST', '/pools', { id, ...LINUX, ...autoScale });
  }));
}

async function evaluateAll(client: SmallClient, advance: () => Promise<void>, round: number): Promise<number> {
  const before = await lastRuns(client);
  await advance();
  const begun = performance.now();
  await turn(client, `round${round}`);
  const tookMs = performance.now() - begun;
  const after = await lastRuns(client);
  const left = [...after].filter(([id, timestamp]) => before.get(id) === timestamp).length;
  if (after.size !== POOLS || left > 0) throw new Error(`${left} of ${after.size} formulas have not been evaluated`);
  return tookMs;
}

/** Resolves after a turn of the owner, and its commit. */
async function turn(client: SmallClient, job: string): Promise<void> {
  await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'scaled0' } });
  await client.call('POST', `/jobs/${job}/terminate`);
}

/** By pool: when its formula ran last. */
async function lastRuns(client: SmallClient): Promise<ReadonlyMap<string, string>> {
  const runs = new Map<string, string>();
  let page: string | undefined = '/pools?$select=id,autoScaleRun';
  while (page !== undefined) {
    const answer = (await client.call('GET', page)) as { value: { id: string; autoScaleRun: { timestamp: string } }[]; 'odata.nextLink'?: string };
    for (const { id, autoScaleRun } of answer.value) runs.set(id, autoScaleRun.timestamp);
    const next: URL | null = answer['odata.nextLink'] === undefined ? null : new URL(answer['odata.nextLink']);
    page = next === null ? undefined : `${next.pathname}${next.search}`;
  }
  return runs;
}
