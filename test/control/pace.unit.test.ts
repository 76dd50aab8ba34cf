import { expect, test } from 'vitest';
import { PACE_MS, paceAfter } from '../../src/control/pace.ts';
import type { CoreEvent } from '../../src/core/events.ts';

/** So many tasks have started on the node. */
function started(node: number, count: number): readonly CoreEvent[] {
  return Array.from({ length: count }, (_, index) => ({ kind: 'agent', node, report: { kind: 'started', key: { job: 1, task: index + 1, attempt: 1, instance: 0 }, at: 0 } }));
}

test.each([
  ['little', started(1, 7), PACE_MS],
  ['much', started(1, 8), 2 * PACE_MS],
  ['much of many nodes', Array.from({ length: 50 }, (_, node) => started(node, 20)).flat(), 2 * PACE_MS],
  ['of one node so much that what waits there would not last', [...started(1, 1), ...started(2, 21)], PACE_MS],
])('after a tick that took in %s', (_what, events, paceMs) => {
  expect(paceAfter(events)).toBe(paceMs);
});
