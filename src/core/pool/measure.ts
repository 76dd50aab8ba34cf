/**
 * What nodes use of their machine. Agents measure (`Measure`); what is said of a pool is a sum of that, over its nodes
 * and over time, in which each part is weighed by how long it was measured. So it does not matter how often a node says
 * something, nor that some say nothing.
 */

/** What one node used in a stretch of time. A part that cannot be measured there is left out. */
export interface Measure {
  readonly overMs: number;
  /** Processor time, of so many cores. */
  readonly cpu?: { readonly ms: number; readonly cores: number };
  /** In use at the end of the stretch. */
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly io?: DiskTraffic;
  readonly network?: NetworkTraffic;
}

export interface DiskTraffic {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOps: number;
  readonly writeOps: number;
}

export interface NetworkTraffic {
  readonly inBytes: number;
  readonly outBytes: number;
}

/** What nodes have used, added up. A part that was never measured is left out. */
export interface PoolMeasure {
  readonly nodeMs: number;
  readonly cpu?: { readonly ms: number; readonly coreMs: number };
  readonly memory?: Level;
  readonly disk?: Level;
  readonly io?: DiskTraffic;
  readonly network?: NetworkTraffic;
}

/** How much of something nodes had in use. Its mean is `byteMs / ms`. */
export interface Level {
  readonly byteMs: number;
  readonly ms: number;
  /** The most on one node. */
  readonly peakBytes: number;
}

/** Of one node. */
export function measured({ overMs, cpu, memoryBytes, diskBytes, io, network }: Measure): PoolMeasure {
  const levelOf = (bytes: number): Level => ({ byteMs: bytes * overMs, ms: overMs, peakBytes: bytes });
  return {
    nodeMs: overMs,
    ...(cpu === undefined ? null : { cpu: { ms: cpu.ms, coreMs: cpu.cores * overMs } }),
    ...(memoryBytes === undefined ? null : { memory: levelOf(memoryBytes) }),
    ...(diskBytes === undefined ? null : { disk: levelOf(diskBytes) }),
    ...(io === undefined ? null : { io }),
    ...(network === undefined ? null : { network }),
  };
}

/** `before`: null, nothing yet. */
export function withMeasure(before: PoolMeasure | null, more: PoolMeasure): PoolMeasure {
  if (before === null) return more;
  const cpu = both(before.cpu, more.cpu, added);
  const memory = both(before.memory, more.memory, addedLevels);
  const disk = both(before.disk, more.disk, addedLevels);
  const io = both(before.io, more.io, added);
  const network = both(before.network, more.network, added);
  return { nodeMs: before.nodeMs + more.nodeMs, ...(cpu && { cpu }), ...(memory && { memory }), ...(disk && { disk }), ...(io && { io }), ...(network && { network }) };
}

function both<Part>(one: Part | undefined, other: Part | undefined, add: (one: Part, other: Part) => Part): Part | undefined {
  return one === undefined || other === undefined ? (one ?? other) : add(one, other);
}

function added<Amounts extends object>(one: Amounts, other: Amounts): Amounts {
  const more = other as Readonly<Record<string, number>>;
  return Object.fromEntries(Object.entries(one).map(([name, amount]: [string, number]) => [name, amount + (more[name] ?? 0)])) as Amounts;
}

function addedLevels(one: Level, other: Level): Level {
  return { ...added(one, other), peakBytes: Math.max(one.peakBytes, other.peakBytes) };
}

export const BYTES_PER_MIB = 2 ** 20;
export const BYTES_PER_GIB = 2 ** 30;

/** 0 to 1; null: it was not measured. */
export function cpuShare({ cpu }: PoolMeasure): number | null {
  return cpu === undefined || cpu.coreMs === 0 ? null : Math.min(1, cpu.ms / cpu.coreMs);
}

/** Bytes; null: it was not measured. */
export function meanOf(level: Level | undefined): number | null {
  return level === undefined || level.ms === 0 ? null : level.byteMs / level.ms;
}
