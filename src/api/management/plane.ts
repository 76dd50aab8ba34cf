import { BatchError } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { ODATA_HEADERS } from '../batchErrors.ts';
import type { Plane } from '../plane.ts';

/** Roots of Azure Resource Manager's paths. */
const ROOTS: ReadonlySet<string> = new Set(['subscriptions', 'providers']);

/** The status that no client repeats. */
const NOT_SERVED = 'Azure Resource Manager is not served: this service has the data plane of Azure Batch. What is served stands in docs/compatibility.md of Linarite.';

/**
 * The management plane of Azure Resource Manager, whose clients read errors of another form:
 * `{"error":{"code","message"}}`. It serves nothing yet, and says so with 501.
 */
export const managementPlane: Plane = {
  name: 'management',
  match: ({ target }) => {
    if (!ROOTS.has(lowerAscii(target.path.split('/')[1] ?? ''))) return undefined;
    throw new BatchError('NotImplemented', [{ key: 'Reason', value: NOT_SERVED }]);
  },
  authenticate: () => null,
  errorBody: ({ code, message, values }) => {
    const reason = values.find(({ key }) => key === 'Reason')?.value;
    return { contentType: 'application/json; charset=utf-8', text: JSON.stringify({ error: { code, message: reason ?? message } }) };
  },
  headers: ({ requestId }) => ({ ...ODATA_HEADERS, 'x-ms-request-id': requestId }),
};
