import { setTimeout as delay } from 'node:timers/promises';
import { NODE_MARK } from '../../agent/environment.ts';
import { sweepContainers, sweepEngine } from '../../agent/containers/leftovers.ts';
import { enclosureOf } from '../../agent/nets.ts';
import { leftCgroup } from '../../agent/node.ts';
import { identifyProcess, type ProcessIdentity } from '../../processes/identity.ts';
import { CONFIG_VARIABLE, type NodePlace } from './record.ts';
import { findInThread, killInThread } from './sweeperThread.ts';

/**
 * A look at the machine's processes takes milliseconds of a processor. The first is at once, the next after this: what
 * ends meanwhile shares it.
 */
const BETWEEN_LOOKS_MS = 250;

let gathering: Promise<void> | null = null;
let lookedAt = Number.NEGATIVE_INFINITY;

/** Kills what a dead agent left behind, until nothing is left. */
export async function sweep(place: NodePlace): Promise<void> {
  const cgroup = leftCgroup(place.state);
  // An engine that a daemon serves may start them again: they go first.
  await sweepContainers(place.state, place.root).catch(() => {});
  do await gathered();
  while (!(await killInThread(enclosureOf(cgroup, [], [`${NODE_MARK}=${place.root}`]))));
  sweepEngine(place.state, cgroup);
}

function gathered(): Promise<void> {
  gathering ??= delay(Math.max(0, lookedAt + BETWEEN_LOOKS_MS - performance.now())).then(() => {
    gathering = null;
    lookedAt = performance.now();
  });
  return gathering;
}

/** An agent whose start was cut short between spawn and record. */
export async function findAgent(config: string): Promise<ProcessIdentity | null> {
  const [pid] = await findInThread([`${CONFIG_VARIABLE}=${config}`]);
  return pid === undefined ? null : identifyProcess(pid) ?? null;
}
