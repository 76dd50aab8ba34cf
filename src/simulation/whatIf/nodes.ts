import type { Command } from '../../core/decisions.ts';
import type { NodeObservation } from '../../core/events.ts';
import type { NodeNumber } from '../../core/keys.ts';
import type { World } from '../world.ts';
import type { AttemptCommand, WhatIfAgent } from './agent.ts';

type NodeCommand = Extract<Command, { readonly kind: 'acquire' | 'release' | 'halt' }>;

export interface NodesOptions {
  readonly world: World;
  readonly bootMs: (isDedicated: boolean) => number;
  /** How long a low-priority node stays once it is up; null: for good. */
  readonly staysMs: () => number | null;
  readonly observe: (node: NodeNumber, life: number, observed: NodeObservation) => void;
  readonly startAgent: (node: NodeNumber, life: number) => WhatIfAgent;
  readonly isUp: (node: NodeNumber, isDedicated: boolean) => void;
  readonly isDown: (node: NodeNumber, isDedicated: boolean, isPreempted: boolean) => void;
}

export interface Nodes {
  readonly obey: (command: NodeCommand) => void;
  readonly command: (node: NodeNumber, command: AttemptCommand) => void;
  /** Asked for, and neither there nor given up. */
  readonly booting: number;
}

interface Machine {
  readonly life: number;
  readonly isDedicated: boolean;
  /** null: not there yet. */
  agent: WhatIfAgent | null;
}

/** Where nodes come from: there is room for each, and it comes when its time to boot has passed. */
export function createNodes({ world, bootMs, staysMs, observe, startAgent, isUp, isDown }: NodesOptions): Nodes {
  const machines = new Map<NodeNumber, Machine>();
  let booting = 0;

  const boot = (node: NodeNumber, machine: Machine): void => {
    if (machines.get(node) !== machine) return;
    booting -= 1;
    isUp(node, machine.isDedicated);
    observe(node, machine.life, { kind: 'running' });
    machine.agent = startAgent(node, machine.life);
    const ms = machine.isDedicated ? null : staysMs();
    if (ms !== null) world.after(ms, () => machines.get(node) === machine && end(node, machine, true));
  };

  const end = (node: NodeNumber, machine: Machine, isPreempted: boolean): void => {
    machines.delete(node);
    if (machine.agent === null) booting -= 1;
    else {
      machine.agent.die();
      isDown(node, machine.isDedicated, isPreempted);
    }
    observe(node, machine.life, isPreempted ? { kind: 'preempted', reason: 'its capacity was taken back' } : { kind: 'ended', reason: 'it was released' });
  };

  return {
    obey: (command) => {
      const { node, life } = command;
      const there = machines.get(node);
      if (command.kind === 'acquire') {
        if (there !== undefined && there.life >= life) return;
        const machine: Machine = { life, isDedicated: command.dedicated, agent: null };
        machines.set(node, machine);
        booting += 1;
        world.after(bootMs(command.dedicated), () => boot(node, machine));
      } else if (there?.life === life) end(node, there, false);
    },
    command: (node, command) => machines.get(node)?.agent?.command(command),
    get booting() {
      return booting;
    },
  };
}
