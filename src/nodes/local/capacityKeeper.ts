import { chanceOf } from '../../core/drill/chance.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { type Capacity, capacityAt } from './capacity.ts';

/** A life of a low-priority node that is there. */
export interface LowPriorityNode {
  readonly node: NodeNumber;
  readonly life: number;
  readonly cores: number;
}

export interface CapacityOptions {
  readonly capacity: Capacity;
  /** From the notice until a node is taken back. */
  readonly graceMs: number;
  /** Decides which nodes are taken. */
  readonly seed: number;
}

interface KeeperOptions extends CapacityOptions {
  /** Those that are there, and cores of those that are about to be. */
  readonly present: () => readonly LowPriorityNode[];
  readonly coming: () => readonly { readonly cores: number }[];
  /** Tells the owner, which releases the node by then. */
  readonly notify: (node: LowPriorityNode, graceMs: number, reason: string) => void;
  /** The owner has not: the node is taken away. */
  readonly takeBack: (node: LowPriorityNode) => void;
}

/** An owner that is there releases a node when its time has come. */
const OWNER_ACTS_WITHIN_MS = 5_000;
/** Timers of Node.js end at 2^31-1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Keeps low-priority nodes within what this machine may have of them. */
export interface CapacityKeeper {
  /** Why there is no room for one of so many cores; null: there is. */
  refuses(cores: number): string | null;
  /** Looks whether there are too many. */
  look(): void;
  close(): void;
}

export function createCapacityKeeper({ capacity, graceMs, seed, present, coming, notify, takeBack }: KeeperOptions): CapacityKeeper {
  const startedAt = performance.now();
  /** Lives that have been given notice. */
  const noticed = new Map<NodeNumber, number>();
  const timers = new Set<NodeJS.Timeout>();
  let changing: NodeJS.Timeout | undefined;
  const now = (): { readonly most: number; readonly changesInMs: number | null } => capacityAt(capacity, performance.now() - startedAt);
  const amountOf = ({ cores }: { readonly cores: number }): number => (capacity.unit === 'cores' ? cores : 1);
  const isNoticed = ({ node, life }: LowPriorityNode): boolean => noticed.get(node) === life;
  const staying = (): LowPriorityNode[] => present().filter((node) => !isNoticed(node));
  const sum = (nodes: readonly { readonly cores: number }[]): number => nodes.reduce((amount, node) => amount + amountOf(node), 0);

  const after = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
    timer.unref();
  };

  const giveNotice = (node: LowPriorityNode, most: number): void => {
    noticed.set(node.node, node.life);
    notify(node, graceMs, `There is capacity for ${most} low-priority ${capacity.unit} now.`);
    after(graceMs + OWNER_ACTS_WITHIN_MS, () => {
      if (present().some(({ node: number, life }) => number === node.node && life === node.life)) takeBack(node);
    });
  };

  const look = (): void => {
    for (const [node, life] of noticed) if (!present().some((other) => other.node === node && other.life === life)) noticed.delete(node);
    const { most, changesInMs } = now();
    // The same ones each time that is decided, as long as they are there.
    const inOrder = staying().toSorted((one, other) => chanceOf(seed, 0, one.node) - chanceOf(seed, 0, other.node) || one.node - other.node);
    let amount = sum(inOrder);
    for (const node of inOrder) {
      if (amount <= most) break;
      amount -= amountOf(node);
      giveNotice(node, most);
    }
    clearTimeout(changing);
    if (changesInMs === null) return;
    changing = setTimeout(look, Math.min(LONGEST_TIMER_MS, Math.ceil(changesInMs)));
    changing.unref();
  };

  look();
  return {
    refuses: (cores) => {
      const { most } = now();
      const taken = sum(staying()) + sum(coming());
      return taken + amountOf({ cores }) <= most ? null : `There is capacity for ${most} low-priority ${capacity.unit} now, of which ${taken} are taken.`;
    },
    look,
    close: () => {
      clearTimeout(changing);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
