import type { DrillIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Drill, Node } from '../model.ts';
import { givenNotice } from '../node/preempted.ts';
import { isComingUp } from '../node/states.ts';
import { DRILL_STEP_MS } from '../tunables.ts';
import { chanceOf } from './chance.ts';

/**
 * Drills: low-priority nodes are taken back as an engine short of them would do it, so many of them in a time on
 * average, each with a notice. Who is taken is decided in steps, counted from the beginning of the drill, by its seed,
 * the step and the node's place among the nodes of the drill: the same account at the same times loses the same nodes.
 * Of several pools nodes of larger sizes are taken more often, by their cores. A step that nobody saw (the service was
 * down) is not made up for.
 */

/** Those that there are, and those that were there and are over no more. */
export function upsertDrills(state: CoreState, drills: readonly DrillIntent[], now: Instant): void {
  const known = new Map(state.drills.map((drill) => [drill.intent.drill, drill]));
  state.drills = drills.filter((intent) => !isOver(intent, now)).map((intent) => known.get(intent.drill) ?? { intent, step: stepAt(intent, now) });
  for (const drill of state.drills) waitForNextStep(state, drill);
}

/** The drill's step that is due, if it has one. */
export function runDrill(state: CoreState, number: number, now: Instant): void {
  const drill = state.drills.find(({ intent }) => intent.drill === number);
  if (drill === undefined || state.shuttingDown) return;
  if (isOver(drill.intent, now)) {
    state.drills = state.drills.filter((other) => other !== drill);
    return;
  }
  const step = stepAt(drill.intent, now);
  if (step > drill.step) {
    drill.step = step;
    takeBackSome(state, drill, now);
  }
  waitForNextStep(state, drill);
}

function isOver({ until }: DrillIntent, now: Instant): boolean {
  return until !== null && until < now;
}

function stepAt({ createdAt }: DrillIntent, now: Instant): number {
  return Math.max(0, Math.floor((now - createdAt) / DRILL_STEP_MS));
}

function waitForNextStep(state: CoreState, { intent, step }: Drill): void {
  state.timers.set({ at: intent.createdAt + (step + 1) * DRILL_STEP_MS, kind: 'drill', drill: intent.drill });
}

function takeBackSome(state: CoreState, { intent, step }: Drill, now: Instant): void {
  const nodes = nodesOf(state, intent);
  const cores = nodes.reduce((sum, node) => sum + coresOf(node), 0);
  const chance = (intent.share * DRILL_STEP_MS) / intent.perMs;
  for (const [place, node] of nodes.entries()) {
    const weight = (coresOf(node) * nodes.length) / cores;
    if (chanceOf(intent.seed, step, place) < chance * weight && !isComingUp(node)) givenNotice(state, node, intent.graceMs, now);
  }
}

/** Its low-priority nodes, those that are on their way included: each keeps its place as long as none comes or goes. */
function nodesOf({ pools }: CoreState, { pools: ids }: DrillIntent): readonly Node[] {
  const wanted = [...pools.values()].filter(({ intent }) => ids === null || ids.includes(intent.id.toLowerCase()));
  return wanted.toSorted((one, other) => one.number - other.number).flatMap(({ nodes }) => [...nodes].filter(({ dedicated }) => !dedicated).toSorted((one, other) => one.number - other.number));
}

function coresOf({ pool }: Node): number {
  return pool.intent.machine?.cores ?? 1;
}
