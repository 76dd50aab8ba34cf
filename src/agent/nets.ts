import { type ContainerNet, isBeingRemoved } from './containers/net.ts';
import { type Cgroup, isPopulated, killCgroup, membersOfCgroup, removeCgroup } from './cgroups.ts';

/**
 * By a net the processes of a run, or of a whole node, are found again. A further kind is a member here: the compiler
 * then names the functions below, which say all that killing asks of a net.
 */
export type Net = ControlGroupNet | MarksNet | ContainerNet;

/** It holds every process that was born in it: no fork outruns it, nothing leaves it. */
interface ControlGroupNet {
  readonly kind: 'controlGroup';
  readonly cgroup: Cgroup;
}

/** Its processes have to be looked for among all of the machine (`processes.ts`). */
export interface MarksNet {
  readonly kind: 'marks';
  /** Process groups known to belong to it; the leader of each is a process of ours that starts the others. */
  readonly groups: readonly number[];
  /**
   * `NAME=value` pairs that all its processes carry in their environment; the first is the node's. Empty: only the
   * groups are known.
   */
  readonly marks: readonly string[];
}

/** All nets that were cast for the same processes. */
export type Enclosure = readonly Net[];

/** `cgroup`: one without a net stands for none. */
export function enclosureOf(cgroup: Cgroup, groups: readonly number[], marks: readonly string[]): Enclosure {
  return [...(cgroup.net === null && cgroup.counter === null ? [] : [{ kind: 'controlGroup', cgroup } as const]), { kind: 'marks', groups, marks }];
}

/**
 * Kills the processes that the nets themselves hold, in their order. False: they hold none, or their processes have to
 * be looked for. What is in a container its engine kills: others wait, for an engine cannot remove at once what has
 * just lost its processes to somebody else.
 */
export function killAllHeld(enclosure: Enclosure): boolean {
  let isHeld = false;
  for (const net of enclosure) {
    if (!killHeld(net)) continue;
    isHeld = true;
    if (net.kind === 'container') break;
  }
  return isHeld;
}

function killHeld(net: Net): boolean {
  switch (net.kind) {
    case 'container':
      return isBeingRemoved(net);
    case 'controlGroup':
      if (!isPopulated(net.cgroup)) return false;
      killCgroup(net.cgroup);
      return true;
    case 'marks':
      return false;
  }
}

/** The living processes that a net holds by itself. null: they have to be looked for. */
export function membersHeld(net: Net): readonly number[] | null {
  switch (net.kind) {
    case 'controlGroup':
      return net.cgroup.net === null ? null : membersOfCgroup(net.cgroup);
    case 'container':
    case 'marks':
      return null;
  }
}

/** What is to be looked for. */
export function marksNetsOf(enclosure: Enclosure): readonly MarksNet[] {
  return enclosure.filter((net) => net.kind === 'marks');
}

/** Removes the control group of a net whose processes are gone. */
export function removeNet(net: Net): void {
  switch (net.kind) {
    case 'controlGroup':
      return removeCgroup(net.cgroup);
    case 'container':
    case 'marks':
      return;
    default:
      net satisfies never;
  }
}
