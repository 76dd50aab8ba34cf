import { useRef, useState } from 'preact/hooks';
import { changedNodes, noteNodes, type NodeChange } from '../../charts/matrix.ts';
import { useFrames } from '../../client/frames.ts';
import { useResource, type Resource } from '../../client/resource.ts';
import { loadNodes, type PoolNodes } from './loadNodes.ts';

/** All is read again at times, also while changes are told: nobody should have to trust that none is lost. */
const BEATS_WHEN_LIVE = 30;

/** The nodes of a pool: all of them once, then what changes. Asked for with each beat where changes are not told. */
export function useNodes(pool: string): Resource<PoolNodes> {
  const changes = useRef(new Map<number, NodeChange>());
  /** Those that are not in `merged` yet. */
  const fresh = useRef(new Map<number, NodeChange>());
  const merged = useRef<{ readonly data: PoolNodes; readonly nodes: PoolNodes['nodes'] } | undefined>(undefined);
  /** How often all had to be read again: in news nodes have the places of the matrix of the same time. */
  const time = useRef(0);
  const [, draw] = useState(0);
  const isLive = useFrames(`pool:${pool}`, (news) => {
    if (news.kind === 'again') {
      changes.current.clear();
      fresh.current.clear();
      time.current += 1;
    } else for (const noted of [changes, fresh]) noteNodes(noted.current, { ...news, heardAt: Date.now() });
    draw((before) => before + 1);
  });
  const read = useRef(-1);
  const isCurrent = isLive && read.current === time.current;
  const { data, ...nodes } = useResource(
    `${pool} nodes`,
    async (signal) => {
      const asked = time.current;
      const found = await loadNodes(pool, signal);
      read.current = asked;
      return found;
    },
    { beats: isCurrent ? BEATS_WHEN_LIVE : 1 },
  );
  if (data === undefined || !isCurrent) return { ...nodes, data };
  const isRead = merged.current?.data !== data;
  merged.current = { data, nodes: changedNodes(isRead ? data.nodes : (merged.current?.nodes ?? []), data.rev, isRead ? changes.current : fresh.current) };
  fresh.current.clear();
  return { ...nodes, data: { ...data, nodes: merged.current.nodes } };
}
