/** Chips of the task table, and what they ask the service for. */
export interface TaskFilter {
  readonly id: string;
  readonly word: string;
  /** In OData, as lists of tasks take it; '': all. */
  readonly filter: string;
}

export const TASK_FILTERS: readonly TaskFilter[] = [
  { id: '', word: 'all', filter: '' },
  { id: 'failed', word: 'failed', filter: "executionInfo/result eq 'failure'" },
  { id: 'running', word: 'running', filter: "state eq 'running' or state eq 'preparing'" },
  { id: 'active', word: 'waiting', filter: "state eq 'active'" },
  { id: 'succeeded', word: 'succeeded', filter: "executionInfo/result eq 'success'" },
];

export interface Asked {
  readonly state: string;
  readonly node: string;
  readonly text: string;
  /** `-`: the largest first. */
  readonly sort: string;
}

/** Both of it. */
export function filterOf({ state, node }: Pick<Asked, 'state' | 'node'>): string {
  const byState = TASK_FILTERS.find(({ id }) => id === state)?.filter ?? '';
  const byNode = node === '' ? '' : `nodeInfo/nodeId eq '${node.replaceAll("'", "''")}'`;
  return byState === '' ? byNode : byNode === '' ? byState : `(${byState}) and ${byNode}`;
}

/** What a click on a heading sorts by next. */
export function nextSort(current: string, by: string): string {
  return current === by ? `-${by}` : by;
}
