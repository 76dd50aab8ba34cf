import { PACE_MS, paceAfter } from '../../control/pace.ts';
import type { Decisions } from '../../core/decisions.ts';
import type { CoreEvent } from '../../core/events.ts';
import type { Instant } from '../../core/keys.ts';
import type { Core, Random } from '../../core/port.ts';
import type { World } from '../world.ts';

export interface TurnsOptions {
  readonly world: World;
  readonly core: Core;
  readonly random: Random;
  /** Ticks begin so far apart, if nobody asks; at least what an owner's do. */
  readonly paceMs: number;
  /** From a decision until its commands are with the agents. */
  readonly dispatchMs: () => number;
  readonly onDecided: (decisions: Decisions, now: Instant) => void;
  readonly deliver: (commands: Decisions['commands']) => void;
}

export interface Turns {
  /** `isAsked`: a client asks; agents' words wait until a tick is worth its commit. */
  readonly arrive: (event: CoreEvent, isAsked?: boolean) => void;
}

/**
 * Ticks of the rules, one after the other, at the pace of an owner's loop (`control/pace.ts`): what arrives meanwhile
 * is one tick afterwards. No commit fails here, so there is no store.
 */
export function createTurns({ world, core, random, paceMs, dispatchMs, onDecided, deliver }: TurnsOptions): Turns {
  let arrived: CoreEvent[] = [];
  let isAsked = false;
  let isBusy = false;
  let begunAt = Number.NEGATIVE_INFINITY;
  let endedAt = Number.NEGATIVE_INFINITY;
  let tookMs = 0;
  let lastPaceMs = PACE_MS;
  /** When the next tick begins, as far as is known. */
  let wakeAt = Number.POSITIVE_INFINITY;

  const nextAt = (): number => {
    if (arrived.length === 0) return core.nextTimer() ?? Number.POSITIVE_INFINITY;
    return isAsked ? Math.min(begunAt + lastPaceMs, endedAt + tookMs) : begunAt + Math.max(lastPaceMs, paceMs);
  };

  const plan = (): void => {
    if (isBusy) return;
    const at = Math.max(world.now(), nextAt());
    if (at >= wakeAt) return;
    wakeAt = at;
    world.after(at - world.now(), () => {
      if (isBusy || wakeAt !== at) return;
      wakeAt = Number.POSITIVE_INFINITY;
      turn();
    });
  };

  const turn = (): void => {
    const now = world.now();
    const events = arrived;
    arrived = [];
    lastPaceMs = paceAfter(events);
    isAsked = false;
    begunAt = now;
    for (const event of events) core.apply(event, now);
    const decisions = core.decide(now, random);
    onDecided(decisions, now);
    if (decisions.isIdle) return settle(decisions);
    isBusy = true;
    world.after(dispatchMs(), () => settle(decisions));
  };

  const settle = ({ commands }: Decisions): void => {
    isBusy = false;
    endedAt = world.now();
    tookMs = endedAt - begunAt;
    deliver(commands);
    plan();
  };

  return {
    arrive: (event, asked = false) => {
      arrived.push(event);
      isAsked ||= asked;
      plan();
    },
  };
}
