/** Rows of a job's tasks around what is on the screen. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ServiceError } from '../../client/failure.ts';
import { useNews } from '../../client/frames.ts';
import { beat, refreshed } from '../../client/live.ts';
import { own, type TaskRow } from '../../client/own.ts';
import { filterOf, type Asked } from './filters.ts';
import { heldRows } from './heldRows.ts';

/** Rows that are asked for at a time, and of how many such blocks the page keeps. */
const BLOCK = 200;
const MOST_BLOCKS = 10;
/** Beats between looks at what is on the screen: while changes of the job are not told, and while they are. */
const BEATS = 1;
const BEATS_WHEN_FOLLOWED = 15;

export interface Rows {
  readonly total: number | undefined;
  readonly exact: boolean;
  readonly rev: string;
  readonly error: ServiceError | undefined;
  /** While rows are held: how many have come that stand nowhere yet. */
  readonly fresh: number;
  /** Of rows that are held: whether the list has it no more. */
  isGone(id: string): boolean;
  at(index: number): TaskRow | undefined;
}

interface Known {
  readonly key: string;
  readonly blocks: ReadonlyMap<number, readonly TaskRow[]>;
  readonly total: number | undefined;
  readonly exact: boolean;
  readonly rev: string;
  readonly error: ServiceError | undefined;
  /** By blocks that are held. */
  readonly held: ReadonlyMap<number, { readonly gone: ReadonlySet<string>; readonly added: ReadonlySet<string>; readonly total: number }>;
}

function nothing(key: string): Known {
  return { key, blocks: new Map(), total: undefined, exact: true, rev: '', error: undefined, held: new Map() };
}

/** `from`, `until`: what is on the screen. `holds`: rows that are there stay where they are. */
export function useRows(job: string, asked: Asked, { from, until, holds }: { readonly from: number; readonly until: number; readonly holds: boolean }): Rows {
  const key = JSON.stringify([job, asked]);
  const [known, setKnown] = useState<Known>(nothing(key));
  const current = known.key === key ? known : nothing(key);
  const { isLive, news } = useNews(`job:${job}`);
  // That an attempt leaves its preparation changes no count of its job: nothing is told of it.
  const prepares = [...current.blocks.values()].some((rows) => rows.some(({ state }) => state === 'preparing'));
  const now = `${Math.floor(beat.value / (isLive && !prepares ? BEATS_WHEN_FOLLOWED : BEATS))} ${news} ${refreshed.value} ${holds}`;
  const isHeld = useRef(holds);
  isHeld.current = holds;
  const latest = useRef(now);
  latest.current = now;
  const [again, lookAgain] = useState(0);
  const first = Math.floor(from / BLOCK);
  const last = Math.max(first, Math.floor(Math.max(0, until - 1) / BLOCK));
  const wanted = `${key} ${first} ${last}`;
  const pending = useRef({ of: '', controller: new AbortController(), left: 0 });

  useEffect(() => {
    // News do not cut off what is on its way; another place or filter does.
    if (pending.current.of === wanted && pending.current.left > 0) return;
    pending.current.controller.abort();
    const controller = new AbortController();
    const mine = { of: wanted, controller, left: last - first + 1 };
    pending.current = mine;
    const settle = (): void => {
      mine.left -= 1;
      // What has changed meanwhile may not be in it.
      if (mine.left === 0 && !controller.signal.aborted && latest.current !== now) lookAgain((before) => before + 1);
    };
    for (let block = first; block <= last; block += 1) {
      own.tasks(job, { q: asked.text, filter: filterOf(asked), sort: asked.sort, from: block * BLOCK, count: BLOCK }, controller.signal).then(
        ({ rows, total, exact, rev }) => {
          setKnown((before) => taken(before.key === key ? before : nothing(key), { block, rows, total, exact, rev, holds: isHeld.current }));
          settle();
        },
        (error: unknown) => {
          if (!controller.signal.aborted && error instanceof ServiceError) setKnown((before) => ({ ...(before.key === key ? before : nothing(key)), error }));
          settle();
        },
      );
    }
  }, [wanted, now, again]);
  useEffect(() => () => pending.current.controller.abort(), []);

  const held = [...current.held.values()];
  return { ...current, fresh: freshIn(current), isGone: (id) => held.some(({ gone }) => gone.has(id)), at: (index) => current.blocks.get(Math.floor(index / BLOCK))?.[index % BLOCK] };
}

interface Taken {
  readonly block: number;
  readonly rows: readonly TaskRow[];
  readonly total: number;
  readonly exact: boolean;
  readonly rev: string;
  readonly holds: boolean;
}

function taken(before: Known, { block, rows, total, exact, rev, holds }: Taken): Known {
  const shown = holds ? before.blocks.get(block) : undefined;
  if (shown === undefined || before.total === undefined) return { ...before, blocks: withBlock(before.blocks, block, rows), total: holds ? (before.total ?? total) : total, exact, rev, error: undefined, held: holds ? before.held : new Map() };
  const { rows: kept, gone, added } = heldRows(shown, rows);
  return { ...before, blocks: withBlock(before.blocks, block, kept), error: undefined, held: new Map([...before.held, [block, { gone, added, total }]]) };
}

/** How many there are more, and how many took the places of those that are gone. */
function freshIn({ held, total = 0 }: Known): number {
  const looks = [...held.values()];
  const more = Math.max(0, ...looks.map((look) => look.total - total));
  return Math.max(more, looks.reduce((sum, { added }) => sum + added.size, 0));
}

/** The newest blocks stay. */
function withBlock(blocks: Known['blocks'], block: number, rows: readonly TaskRow[]): Known['blocks'] {
  const next = new Map(blocks);
  next.delete(block);
  next.set(block, rows);
  for (const old of next.keys()) if (next.size > MOST_BLOCKS) next.delete(old);
  return next;
}
