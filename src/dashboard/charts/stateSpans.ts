/** In which state something was, for how long. */
export interface StateSpan {
  readonly state: string;
  readonly from: number;
  readonly to: number;
  readonly reason?: string | undefined;
}

interface Entered {
  readonly time: string;
  readonly state: string;
  readonly reason?: string | undefined;
}

/** Where it has left: nothing follows. */
const LAST = 'gone';

/** Spans from one state to the next, the last of them until `now`: what is told twice of a state is one span. */
export function spansOf(entered: readonly Entered[], now: number): readonly StateSpan[] {
  const changes = entered.filter(({ state }, at) => state !== entered[at - 1]?.state);
  return changes.flatMap(({ time, state, reason }, at) => {
    const from = Date.parse(time);
    const next = changes[at + 1]?.time;
    return state === LAST ? [] : [{ state, from, to: Math.max(from, next === undefined ? now : Date.parse(next)), reason }];
  });
}
