/** What runs on a node now, and what it used in the last hour, as its agent keeps it (docs/own-operations.md). */
import { BYTES_PER_MIB } from '../../../core/pool/measure.ts';
import type { MeasuredAt, NodeAnswer } from '../../../ports.ts';
import { findNode } from '../../../store/intents/nodes.ts';
import { runningOn } from '../../../store/intents/nodeTasks.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import { BatchError } from '../../../wire/errors.ts';
import { NODE_SERIES, type NodeSeriesName, type NodeUsage } from '../../../wire/own/node.ts';
import type { Point } from '../../../wire/own/series.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { poolOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';

export const nodeUsageOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/pools/{poolId}/nodes/{nodeId}/usage', right: 'read', of: 'pools', run: usage }];

/** How long the node's agent is waited for: what the service itself knows is answered all the same. */
const PATIENCE_MS = 5_000;

/** @throws BatchError PoolNotFound, NodeNotFound. */
async function usage(call: OwnCall, { database, nodeRequests, timeout }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const row = await findNode(database, call.account, pool.pool, param(call, 'nodeId'));
  if (row === null) throw new BatchError('NodeNotFound');
  const { node, slots, recentTasks } = nodeStatus(row);
  const answer = await nodeRequests.ask(call.account, node, { kind: 'usage' }, AbortSignal.any([call.signal, timeout(PATIENCE_MS)]));
  // What an agent says that it runs is looked up: it is told of the node's own tasks alone.
  const running = await runningOn(database, node, [...(answer.kind === 'usage' ? answer.running : []), ...recentTasks]);
  const series = seriesOf(answer.kind === 'usage' ? answer.measures : []);
  const missing = NODE_SERIES.filter((name) => series[name].length === 0).map((name) => [name, whyNot(answer)]);
  return json(200, {
    rev,
    slots,
    running: running.map(({ jobId, taskId, slots: wide, startedAt }) => ({ job: jobId, task: taskId, slots: wide, ...(startedAt === null ? {} : { startedAt: formatTimestamp(startedAt) }) })),
    series,
    missing: Object.fromEntries(missing) as NodeUsage['missing'],
  } satisfies NodeUsage);
}

function seriesOf(measures: readonly MeasuredAt[]): NodeUsage['series'] {
  const of = NODE_SERIES.map((name): [NodeSeriesName, readonly Point[]] => [name, measures.flatMap(({ at, measure }) => pointOf(at, VALUES[name](measure)))]);
  return Object.fromEntries(of) as Record<NodeSeriesName, readonly Point[]>;
}

function pointOf(at: number, value: number | undefined): readonly Point[] {
  return value === undefined ? [] : [[at, Math.round(value * 1_000) / 1_000]];
}

type Measure = MeasuredAt['measure'];

const VALUES: Readonly<Record<NodeSeriesName, (measure: Measure) => number | undefined>> = {
  cpuPercent: ({ cpu, overMs }) => cpu && Math.min(100, (100 * cpu.ms) / (cpu.cores * overMs)),
  memoryMiB: ({ memoryBytes }) => mebibytes(memoryBytes),
  diskMiB: ({ diskBytes }) => mebibytes(diskBytes),
  diskReadMiBps: ({ io, overMs }) => rate(io?.readBytes, overMs),
  diskWriteMiBps: ({ io, overMs }) => rate(io?.writeBytes, overMs),
  networkInMiBps: ({ network, overMs }) => rate(network?.inBytes, overMs),
  networkOutMiBps: ({ network, overMs }) => rate(network?.outBytes, overMs),
};

function mebibytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / BYTES_PER_MIB;
}

function rate(bytes: number | undefined, overMs: number): number | undefined {
  return bytes === undefined ? undefined : bytes / BYTES_PER_MIB / (overMs / 1_000);
}

function whyNot(answer: NodeAnswer): string {
  if (answer.kind === 'error') return answer.message;
  return answer.kind === 'usage' && answer.measures.length > 0 ? 'It cannot be told of this node alone on its machine.' : 'Nothing was measured yet: a node says what it uses each 15 s.';
}
