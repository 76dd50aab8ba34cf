/**
 * `GET /linarite/pools/{pool}/matrix`: all nodes of a pool in a few bytes each, as `application/octet-stream`. All
 * numbers are little-endian: the header, then the columns `state` and `slots` (a byte a node, each column filled up to
 * a multiple of four bytes), then `sinceS` (four bytes a node).
 */

/** Places in the header, in bytes; each holds an unsigned number of 32 bits. */
export const MATRIX_HEADER = { magic: 0, count: 4, slotsPerNode: 8, epoch: 12, revEpoch: 16, revTick: 20, bytes: 32 } as const;
/** `LNX1`. */
export const MATRIX_MAGIC = 0x31584e4c;

/** What the low five bits of a node's state mean, by their value. */
export const MATRIX_STATES = [
  'unknown',
  'creating',
  'starting',
  'waitingforstarttask',
  'starttaskfailed',
  'idle',
  'running',
  'unusable',
  'offline',
  'leavingpool',
  'preempted',
  'rebooting',
  'reimaging',
  'deallocating',
  'deallocated',
] as const;
export const MATRIX_STATE_BITS = 0x1f;
export const MATRIX_LOW_PRIORITY = 0x20;
export const MATRIX_SCHEDULING_DISABLED = 0x40;

/** `GET /linarite/pools/{pool}/matrix/ids`: the nodes' ids from one index up to another, which is left out. */
export interface MatrixIds {
  /** An index names the same node as long as this stays. */
  readonly epoch: number;
  readonly from: number;
  readonly ids: readonly string[];
}
