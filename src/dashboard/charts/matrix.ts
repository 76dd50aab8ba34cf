/** A pool's nodes as the service sends them, in six bytes each. */
import type { Rev } from '../../wire/own/common.ts';
import type { Frame } from '../../wire/own/frames.ts';
import { MATRIX_HEADER, MATRIX_LOW_PRIORITY, MATRIX_MAGIC, MATRIX_STATE_BITS, MATRIX_STATES } from '../../wire/own/matrix.ts';

export interface MatrixNode {
  readonly state: string;
  /** In use. */
  readonly slots: number;
  readonly lowPriority: boolean;
  /** When it came into its state, in ms. */
  readonly since: number;
}

interface ReadMatrix {
  /** How far the account was. */
  readonly rev: Rev;
  readonly epoch: number;
  readonly count: number;
  readonly slotsPerNode: number;
  readonly nodes: readonly MatrixNode[];
}

/** @throws Error for what is no matrix. */
export function readMatrix(bytes: ArrayBuffer): ReadMatrix {
  const view = new DataView(bytes);
  const number = (at: number): number => view.getUint32(at, true);
  if (bytes.byteLength < MATRIX_HEADER.bytes || number(MATRIX_HEADER.magic) !== MATRIX_MAGIC) throw new Error('the service has answered what is no matrix of nodes');
  const count = number(MATRIX_HEADER.count);
  const column = Math.ceil(count / 4) * 4;
  const states = new Uint8Array(bytes, MATRIX_HEADER.bytes, count);
  const slots = new Uint8Array(bytes, MATRIX_HEADER.bytes + column, count);
  const nodes = Array.from(states, (state, at) => ({
    state: stateOf(state),
    slots: slots[at] ?? 0,
    lowPriority: (state & MATRIX_LOW_PRIORITY) !== 0,
    since: number(MATRIX_HEADER.bytes + 2 * column + 4 * at) * 1_000,
  }));
  return { rev: `${number(MATRIX_HEADER.revEpoch)}-${number(MATRIX_HEADER.revTick)}`, epoch: number(MATRIX_HEADER.epoch), count, slotsPerNode: number(MATRIX_HEADER.slotsPerNode), nodes };
}

function stateOf(bits: number): string {
  return MATRIX_STATES[bits & MATRIX_STATE_BITS] ?? 'unknown';
}

/** What has become of a node: `heardAt` in ms. */
export interface NodeChange {
  readonly rev: Rev;
  readonly state: string;
  readonly slots: number;
  readonly heardAt: number;
}

/** Notes the nodes of frames by their index. */
export function noteNodes(changes: Map<number, NodeChange>, { rev, frames, heardAt }: { readonly rev: Rev; readonly frames: readonly Frame[]; readonly heardAt: number }): void {
  for (const frame of frames) {
    if (frame.t === 'nodes') for (const [index, state, slots] of frame.c) changes.set(index, { rev, state: stateOf(state), slots, heardAt });
  }
}

/** Nodes as a matrix of `rev` has them, with what has come after it. */
export function changedNodes<Node extends MatrixNode>(nodes: readonly Node[], rev: Rev, changes: ReadonlyMap<number, NodeChange>): readonly Node[] {
  if (changes.size === 0) return nodes;
  const changed = [...nodes];
  for (const [index, change] of changes) {
    const node = nodes[index];
    if (node === undefined || !isAfter(change.rev, rev)) continue;
    const { state, slots, heardAt } = change;
    changed[index] = { ...node, state, slots, since: state === node.state ? node.since : heardAt };
  }
  return changed;
}

function isAfter(one: Rev, other: Rev): boolean {
  const [epoch = 0, tick = 0] = one.split('-').map(Number);
  const [otherEpoch = 0, otherTick = 0] = other.split('-').map(Number);
  return epoch === otherEpoch ? tick > otherTick : epoch > otherEpoch;
}
