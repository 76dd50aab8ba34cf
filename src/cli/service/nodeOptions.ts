import { Option } from 'commander';

/** What a user may say about the nodes of this machine. What is left out is as the former service had it. */
export interface NodeWishes {
  readonly nodeLimits?: 'on' | 'off';
}

/** How nodes of this machine are made. */
export interface NodeOptions {
  /** Whether they are bounded by their VM size. */
  readonly limits: boolean;
}

const DEFAULTS: NodeOptions = { limits: true };

export function nodeOptions(): readonly Option[] {
  return [new Option('--node-limits <on|off>', 'nodes have the cores, memory and processes of their VM size, where this machine has more (default: on)').choices(['on', 'off'])];
}

/** Those that hold: what is asked for, else what was kept from before, else the defaults. */
export function decideNodes(wishes: NodeWishes, former: NodeOptions = DEFAULTS): NodeOptions {
  return { limits: wishes.nodeLimits === undefined ? former.limits : wishes.nodeLimits === 'on' };
}

/** As the next process is told; only what is not as by default. */
export function nodeFlags({ limits }: NodeOptions): string[] {
  return limits ? [] : ['--node-limits', 'off'];
}

export function sameNodes(one: NodeOptions, other: NodeOptions): boolean {
  return nodeFlags(one).join(' ') === nodeFlags(other).join(' ');
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isNodeOptions(value: unknown): value is NodeOptions | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'limits') === 'boolean');
}
