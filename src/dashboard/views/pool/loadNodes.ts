import { ask, pathOf } from '../../client/request.ts';
import { nextPage, type Node, type Page } from '../../client/batch.ts';

const COLUMNS = 'id,state,schedulingState,stateTransitionTime,allocationTime,isDedicated,runningTaskSlotsCount,runningTasksCount,startTaskInfo,errors';
/** Of a thousand nodes each. */
const MOST_PAGES = 10;

/** All nodes of a pool in the order in which they joined. */
export async function loadNodes(pool: string, signal: AbortSignal): Promise<{ readonly nodes: readonly Node[]; readonly isAll: boolean }> {
  let page: Page<Node> = await ask(`${pathOf('pools', pool)}/nodes`, { query: { $select: COLUMNS, maxresults: 1000 }, signal });
  const nodes = [...page.value];
  for (let pages = 1; page['odata.nextLink'] !== undefined && pages < MOST_PAGES; pages += 1) {
    page = await nextPage(page['odata.nextLink'], signal);
    nodes.push(...page.value);
  }
  return { nodes: nodes.toSorted((a, b) => (a.allocationTime ?? '').localeCompare(b.allocationTime ?? '') || a.id.localeCompare(b.id)), isAll: page['odata.nextLink'] === undefined };
}
