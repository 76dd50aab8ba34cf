/** A pool's nodes as the service sends them, in six bytes each. */
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
    state: MATRIX_STATES[state & MATRIX_STATE_BITS] ?? 'unknown',
    slots: slots[at] ?? 0,
    lowPriority: (state & MATRIX_LOW_PRIORITY) !== 0,
    since: number(MATRIX_HEADER.bytes + 2 * column + 4 * at) * 1_000,
  }));
  return { epoch: number(MATRIX_HEADER.epoch), count, slotsPerNode: number(MATRIX_HEADER.slotsPerNode), nodes };
}
