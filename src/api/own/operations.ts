import { BatchError } from '../../wire/errors.ts';
import { createPathTree } from '../../wire/pathTree.ts';
import { accountOperations } from './account.ts';
import { applicationOperations } from './applications.ts';
import { bulkOperations } from './bulk/bulk.ts';
import type { OwnOperation } from './call.ts';
import { clockOperations } from './clock.ts';
import { costOperations } from './cost.ts';
import { drillOperations } from './drills.ts';
import { evaluateOperations } from './evaluate.ts';
import { eventOperations } from './events.ts';
import { formulaOperations } from './formula.ts';
import { explanationOperations } from './explain/explanation.ts';
import { explainOperations } from './explain/waiting.ts';
import { remoteLoginOperations } from './remoteLogin.ts';
import { findOperations } from './files/find.ts';
import { nodeHistoryOperations } from './nodes/history.ts';
import { nodeUsageOperations } from './nodes/usage.ts';
import { overviewOperations } from './overview/overview.ts';
import { matrixOperations } from './pools/matrix.ts';
import { seriesOperations } from './pools/series.ts';
import { sampleOperations } from './samples.ts';
import { seedOperations } from './seed.ts';
import { simulationOperations } from './simulations/simulations.ts';
import { sessionOperations } from './sessions.ts';
import { graphOperations } from './tasks/graph.ts';
import { reportOperations } from './report/report.ts';
import { taskHistoryOperations } from './tasks/history.ts';
import { histogramOperations } from './tasks/histogram.ts';
import { webhookOperations } from './webhooks.ts';
import { taskRowOperations } from './tasks/rows.ts';
import { timelineOperations } from './tasks/timeline.ts';

/** Every operation of Linarite itself; each noun's stand in a file of their own. */
export const OWN_OPERATIONS: readonly OwnOperation[] = [
  ...overviewOperations,
  ...taskRowOperations,
  ...taskHistoryOperations,
  ...timelineOperations,
  ...histogramOperations,
  ...graphOperations,
  ...matrixOperations,
  ...seriesOperations,
  ...nodeUsageOperations,
  ...nodeHistoryOperations,
  ...bulkOperations,
  ...reportOperations,
  ...findOperations,
  ...explanationOperations,
  ...explainOperations,
  ...remoteLoginOperations,
  ...evaluateOperations,
  ...formulaOperations,
  ...simulationOperations,
  ...sampleOperations,
  ...accountOperations,
  ...sessionOperations,
  ...costOperations,
  ...clockOperations,
  ...eventOperations,
  ...webhookOperations,
  ...drillOperations,
  ...applicationOperations,
  ...seedOperations,
];

export interface MatchedOwnOperation {
  readonly operation: OwnOperation;
  readonly params: Readonly<Record<string, string>>;
}

const findPath = createPathTree(OWN_OPERATIONS, { decode, decodeSegment: decode });

/**
 * Finds the operation of a request; undefined: another plane's path. @throws BatchError UnsupportedHttpVerb,
 * RequestUrlFailedToParse.
 */
export function matchOwnOperation(method: string, rawPath: string): MatchedOwnOperation | undefined {
  const found = findPath(rawPath);
  if (found === undefined) return undefined;
  const operation = found.rows.get(method);
  if (operation === undefined) throw new BatchError('UnsupportedHttpVerb');
  return { operation, params: found.params };
}

/** Nothing here is called by a name with NUL. @throws BatchError RequestUrlFailedToParse. */
function decode(text: string): string {
  const plain = decodedOrNull(text);
  if (plain === null || plain.includes('\0')) throw new BatchError('RequestUrlFailedToParse');
  return plain;
}

function decodedOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
