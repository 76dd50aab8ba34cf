import { useRef, useState } from 'preact/hooks';
import { countsIn, type Counts } from '../../charts/counts.ts';
import { taskCounts } from '../../client/batch.ts';
import { useFrames } from '../../client/frames.ts';
import { useResource } from '../../client/resource.ts';

/** Tasks that were added and are not taken in yet are in answers alone. */
const BEATS_WHEN_LIVE = 5;

/** How many tasks of a job are in which state: as they change, and asked for with each beat where that is not told. */
export function useCounts(job: string): Counts | undefined {
  const [heard, setHeard] = useState<{ readonly at: number; readonly counts: Counts }>();
  const askedAt = useRef(0);
  const isLive = useFrames(`job:${job}`, (news) => {
    const counts = news.kind === 'frames' ? countsIn(news.frames) : undefined;
    if (counts !== undefined) setHeard({ at: performance.now(), counts });
  });
  const { data } = useResource(
    `${job} counts`,
    async (signal) => {
      const at = performance.now();
      const { taskCounts: counts } = await taskCounts(job, signal);
      askedAt.current = at;
      return counts;
    },
    { beats: isLive ? BEATS_WHEN_LIVE : 1 },
  );
  return heard !== undefined && heard.at >= askedAt.current ? heard.counts : data;
}
