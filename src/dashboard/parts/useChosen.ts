import { useRef, useState } from 'preact/hooks';

/** Rows that are ticked. */
export interface Chosen {
  has(id: string): boolean;
  /** With shift all since the last one. */
  choose(id: string, isRange: boolean): void;
  /** All that are listed; none, where all were. */
  chooseAll(): void;
}

/** `listed`: ids of the rows in their order. Those that leave the list are not chosen any more. The ids that are. */
export function useChosen(listed: readonly string[]): readonly [readonly string[], Chosen] {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef<string | null>(null);
  const ids = listed.filter((id) => ticked.has(id));
  const chosen: Chosen = {
    has: (id) => ticked.has(id),
    choose: (id, isRange) => {
      const from = anchor.current === null ? -1 : listed.indexOf(anchor.current);
      const through = listed.indexOf(id);
      anchor.current = id;
      if (isRange && from !== -1) return setTicked(new Set([...ids, ...listed.slice(Math.min(from, through), Math.max(from, through) + 1)]));
      const next = new Set(ids);
      if (!next.delete(id)) next.add(id);
      setTicked(next);
    },
    chooseAll: () => setTicked(ids.length === listed.length ? new Set() : new Set(listed)),
  };
  return [ids, chosen];
}
