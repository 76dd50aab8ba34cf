import { nodeMark } from '../../agent/environment.ts';
import { killEnclosure } from '../../agent/killing.ts';
import { leftCgroup } from '../../agent/node.ts';
import { markedProcesses } from '../../agent/processes.ts';
import { identifyProcess, type ProcessIdentity } from '../../processes/identity.ts';
import { CONFIG_VARIABLE, type NodePlace } from './record.ts';
import { createTurns } from './turns.ts';

/** Each look at the machine's processes is milliseconds in which nothing else goes on: many nodes that end at once take turns. */
const turn = createTurns(1);

/** Kills what a dead agent left behind, until nothing is left. */
export async function sweep(place: NodePlace): Promise<void> {
  for (;;) {
    const over = await turn();
    try {
      if (await killEnclosure({ cgroup: leftCgroup(place.state), groups: [], marks: [`${nodeMark}=${place.root}`] })) return;
    } finally {
      setImmediate(over);
    }
  }
}

/** An agent whose start was cut short between spawn and record. */
export function findAgent(config: string): ProcessIdentity | null {
  const pid = markedProcesses([`${CONFIG_VARIABLE}=${config}`])[0];
  return pid === undefined ? null : identifyProcess(pid) ?? null;
}
