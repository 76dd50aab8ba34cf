import { useRef, useState } from 'preact/hooks';
import { countsOf, type Counts } from '../../charts/counts.ts';
import { useFrames } from '../../client/frames.ts';

/** What a job's tasks were when that was told last. */
interface ToldCounts {
  /** In ms since the page was opened. */
  readonly at: number;
  readonly counts: Counts;
}

export interface Told {
  readonly isLive: boolean;
  /** How often all was to be read again. */
  readonly agains: number;
  readonly counts: ReadonlyMap<string, ToldCounts>;
}

/** Counts of all open jobs as they change. `follows`: false, none are told. */
export function useToldCounts(follows: boolean): Told {
  const counts = useRef(new Map<string, ToldCounts>());
  const [agains, setAgains] = useState(0);
  const [, draw] = useState(0);
  const isLive = useFrames(follows ? 'overview' : null, (news) => {
    if (news.kind === 'again') return setAgains((before) => before + 1);
    const at = performance.now();
    for (const frame of news.frames) if (frame.t === 'counts') counts.current.set(frame.job, { at, counts: countsOf(frame.c) });
    draw((before) => before + 1);
  });
  return { isLive, agains, counts: counts.current };
}
