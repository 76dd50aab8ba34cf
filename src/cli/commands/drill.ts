import { formatDuration } from '../../wire/durations.ts';
import { type Drill, drillLine } from '../drillLine.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

interface Common extends TargetFlags {
  readonly json?: boolean;
}

interface PreemptOptions extends Common {
  readonly rate: string;
  readonly pool?: readonly string[];
  readonly seed: number;
  readonly for?: number;
  readonly grace?: number;
}

/** `linarite drill preempt`. @throws CommandError: failure for what the service refuses, notRunning. */
export async function preempt({ json, rate, pool, seed, for: forMs, grace, ...target }: PreemptOptions): Promise<void> {
  const body = {
    rate,
    seed,
    ...(pool === undefined ? {} : { pools: pool }),
    ...(forMs === undefined ? {} : { duration: formatDuration(forMs) }),
    ...(grace === undefined ? {} : { grace: formatDuration(grace) }),
  };
  const text = await ask(targetOf(target), { method: 'POST', path: '/linarite/drills', body });
  console.log(json === true ? text : drillLine(JSON.parse(text) as Drill));
}

/** `linarite drill list`. @throws CommandError notRunning. */
export async function list({ json, ...target }: Common): Promise<void> {
  const text = await ask(targetOf(target), { path: '/linarite/drills' });
  if (json === true) return console.log(text);
  const { value } = JSON.parse(text) as { readonly value: readonly Drill[] };
  console.log(value.length === 0 ? 'no drill has been made' : value.map(drillLine).join('\n'));
}

/** `linarite drill stop [ID...]`. @throws CommandError: failure for one that is not there, notRunning. */
export async function stop(ids: readonly string[], target: Common): Promise<void> {
  const connection = targetOf(target);
  const running = async (): Promise<readonly string[]> => {
    const { value } = JSON.parse(await ask(connection, { path: '/linarite/drills' })) as { readonly value: readonly Drill[] };
    return value.filter(({ state }) => state === 'active').map(({ id }) => id);
  };
  const chosen = ids.length > 0 ? ids : await running();
  for (const id of chosen) console.log(drillLine(JSON.parse(await ask(connection, { method: 'POST', path: `/linarite/drills/${encodeURIComponent(id)}/stop` })) as Drill));
  if (chosen.length === 0) console.log('no drill runs');
}
