import type { Rev } from '../../../wire/own/common.ts';
import type { MatrixIds } from '../../../wire/own/matrix.ts';
import { readMatrix, type MatrixNode } from '../../charts/matrix.ts';
import { ask, pathOf, send } from '../../client/request.ts';

/** A node as the heat map needs it. */
export interface MapNode extends MatrixNode {
  /** '' until it is known. */
  readonly id: string;
}

export interface PoolNodes {
  /** How far the account was. */
  readonly rev: Rev;
  readonly slotsPerNode: number;
  /** In the order in which they joined. */
  readonly nodes: readonly MapNode[];
}

/** The ids of a pool's nodes, as long as their order stays. */
const known = new Map<string, { readonly epoch: number; readonly ids: readonly string[] }>();

/** All nodes of a pool: six bytes each, and their ids where others have joined. */
export async function loadNodes(pool: string, signal: AbortSignal): Promise<PoolNodes> {
  const path = `/linarite${pathOf('pools', pool)}/matrix`;
  const bytes = await (await send(path, { headers: { accept: 'application/octet-stream' }, signal })).arrayBuffer();
  const { rev, epoch, count, ...matrix } = readMatrix(bytes);
  const before = known.get(pool);
  const ids = before?.epoch === epoch && before.ids.length >= count ? before : await ask<MatrixIds>(`${path}/ids`, { query: { from: 0, to: count }, signal });
  known.set(pool, { epoch: ids.epoch, ids: ids.ids });
  return { rev, slotsPerNode: matrix.slotsPerNode, nodes: matrix.nodes.map((node, at) => ({ ...node, id: ids.ids[at] ?? '' })) };
}
