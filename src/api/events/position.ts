import type { Position } from '../../store/transitions.ts';

/** As ids of events name it. Opaque to clients. */
export function positionText({ epoch, tick, place, at }: Position): string {
  return `${epoch}-${tick}-${place}-${at}`;
}

/** Undefined: it is no id of an event. */
export function parsePosition(text: string): Position | undefined {
  const [, epoch, tick, place, at] = /^(\d{1,15})-(\d{1,15})-(-1|\d{1,10})-(\d{1,15})$/.exec(text) ?? [];
  return at === undefined ? undefined : { epoch: Number(epoch), tick: Number(tick), place: Number(place), at: Number(at) };
}
