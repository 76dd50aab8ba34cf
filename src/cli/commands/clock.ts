import { timeText } from '../../base/times.ts';
import { counted } from '../../base/words.ts';
import { formatDuration, parseDuration } from '../../wire/durations.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

interface Common extends TargetFlags {
  readonly json?: boolean;
}

export interface AdvanceOptions extends Common {
  readonly withRunning?: boolean;
  readonly timeout?: number;
}

/** As the service says it. */
interface Clock {
  readonly kind: 'real' | 'virtual';
  readonly time: string;
  readonly offset?: string;
  readonly steps?: number;
}

/** `linarite clock`. @throws CommandError notRunning. */
export async function show({ json, ...target }: Common): Promise<void> {
  print(await ask(targetOf(target), { path: '/linarite/clock' }), json);
}

/** `linarite clock advance` and `linarite clock set`. @throws CommandError: failure for a refusal, notRunning. */
export async function advance(wanted: { readonly byMs: number } | { readonly to: string }, { json, withRunning, timeout, ...target }: AdvanceOptions): Promise<void> {
  const body = {
    ...('to' in wanted ? wanted : { by: formatDuration(wanted.byMs) }),
    ...(withRunning === true ? { withRunning } : {}),
    ...(timeout === undefined ? {} : { timeout: formatDuration(timeout) }),
  };
  print(await ask(targetOf(target), { method: 'POST', path: '/linarite/clock/advance', body }), json);
}

function print(text: string, json = false): void {
  const clock = JSON.parse(text) as Clock;
  const steps = clock.steps === undefined ? '' : `, in ${counted(clock.steps, 'step')}`;
  console.log(json ? text : `${clock.time}  ${clock.offset === undefined ? 'the real time' : `virtual, ${timeText(parseDuration(clock.offset) ?? 0)} ahead${steps}`}`);
}
