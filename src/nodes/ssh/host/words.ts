import type { AccountNumber, NodeNumber } from '../../../core/keys.ts';
import type { Capabilities, NodeRequest, Observation } from '../../provider.ts';

/** What the service asks a program on a host, as JSON on its standard input: one process, one ask. */
export interface HostAsk {
  /** Holds one directory a node. */
  readonly nodesDirectory: string;
  /** With all that is in it, removed once the last node is released. */
  readonly serviceDirectory: string;
  /** Removed then too, if it is empty; null: it was there before us. */
  readonly aboveAll: string | null;
  /** Nodes at a time. */
  readonly most: number;
  /** By what name the host is reached. */
  readonly host: string;
  readonly act: HostAct;
}

export type HostAct =
  | { readonly kind: 'probe' }
  | { readonly kind: 'list' }
  | { readonly kind: 'acquire'; readonly request: NodeRequest; readonly authority: string }
  | { readonly kind: 'release' | 'halt'; readonly node: NodeNumber; readonly life: number; readonly graceMs: number };

/** Its answer, as one line of JSON on standard output. */
export interface HostAnswer {
  /** What became known of nodes meanwhile, oldest first; to `list`, all that are there. */
  readonly seen: readonly ListedNode[];
  readonly capabilities?: Capabilities;
}

export interface ListedNode extends Observation {
  /** Of `list`. */
  readonly account?: AccountNumber;
}

/** A word in the place of `agent`: the program answers one ask. */
export const ANSWER_ASK = 'answer';
