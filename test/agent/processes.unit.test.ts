import { describe, expect, test } from 'vitest';
import { createProcessSearch, type ProcessTable } from '../../src/agent/processes.ts';

interface Process {
  readonly pid: number;
  readonly parent?: number;
  readonly group?: number;
  readonly startTicks?: string;
  readonly isKernel?: boolean;
  readonly environment?: readonly string[];
}

const NODE = 'LINARITE_NODE=/nodes/1';
function of(attempt: string): readonly string[] {
  return [NODE, `LINARITE_ATTEMPT=${attempt}`];
}

/** A machine whose processes the test sets; counts what is looked at. */
function machine(...processes: Process[]) {
  const counts = { looks: 0, environments: 0 };
  const find = (pid: number): Process | undefined => processes.find((one) => one.pid === pid);
  const table: ProcessTable = {
    pids: () => {
      counts.looks++;
      return processes.map(({ pid }) => pid);
    },
    stat: (pid) => {
      const one = find(pid);
      return one === undefined ? null : { isDead: false, parent: one.parent ?? 1, group: one.group ?? one.pid, startTicks: one.startTicks ?? '1', isKernel: one.isKernel ?? false };
    },
    environment: (pid) => {
      counts.environments++;
      const pairs = find(pid)?.environment ?? [];
      return pairs.length === 0 ? '' : `\0${pairs.join('\0')}\0`;
    },
  };
  return { processes, counts, search: createProcessSearch(table) };
}
function pids(found: readonly (readonly { readonly pid: number }[])[]): readonly (readonly number[])[] {
  return found.map((each) => each.map(({ pid }) => pid).sort((a, b) => a - b));
}

describe('processes by their marks', () => {
  test('are found for many attempts in one look, with descendants that cleared their environment', () => {
    const { search, counts } = machine(
      { pid: 100, environment: of('a') },
      { pid: 101, parent: 100, environment: ['X=1'] },
      { pid: 102, parent: 101 },
      { pid: 103, environment: of('b') },
      { pid: 104, environment: [NODE] },
      { pid: 105, environment: ['LINARITE_NODE=/nodes/10', 'LINARITE_ATTEMPT=a'] },
    );
    expect(pids(search.find([of('a'), of('b'), of('c'), [NODE]]))).toEqual([[100, 101, 102], [103], [], [100, 101, 102, 103, 104]]);
    expect(counts.looks).toBe(1);
    expect([...search.valuesOf(NODE, 'LINARITE_ATTEMPT')].sort()).toEqual(['a', 'b']);
  });

  test('are found by their group as well, with descendants that have another', () => {
    const { search } = machine({ pid: 100, group: 100 }, { pid: 101, group: 100 }, { pid: 102, parent: 101, group: 102 }, { pid: 103, environment: of('a') }, { pid: 104, group: 104 });
    expect(pids(search.trace([{ groups: [100], marks: of('a') }, { groups: [104], marks: [] }]))).toEqual([[100, 101, 102, 103], [104]]);
  });

  test('that are known to be foreign are not read again, a kernel’s thread never', () => {
    const { search, counts, processes } = machine(
      { pid: 2, isKernel: true },
      { pid: 50, environment: ['HOME=/'] },
      { pid: 51, environment: ['LINARITE_NODE=/nodes/2'] },
      { pid: 52, environment: of('a') },
    );
    search.find([of('a')]);
    expect(counts.environments).toBe(3);
    search.find([of('a')]);
    expect(counts.environments, 'only the node’s own').toBe(4);
    // Its number was given to another.
    processes[1] = { pid: 50, startTicks: '2', environment: of('a') };
    expect(pids(search.find([of('a')]))).toEqual([[50, 52]]);
    expect(pids(search.find([['LINARITE_NODE=/nodes/2']])), 'of another node whose turn it is').toEqual([[51]]);
  });

  test('whose program is just being started are looked at again', () => {
    const { search, processes } = machine({ pid: 60 });
    expect(pids(search.find([of('a')]))).toEqual([[]]);
    processes[0] = { pid: 60, environment: of('a') };
    expect(pids(search.find([of('a')]))).toEqual([[60]]);
  });
});
