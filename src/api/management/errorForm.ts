import { formatTimestamp } from '../../wire/timestamps.ts';
import { ManagementError } from '../../wire/management/errors.ts';
import type { Plane } from '../plane.ts';
import { MANAGEMENT_JSON } from './answers.ts';

/**
 * Errors in the form of Azure Resource Manager: `{"error": {code, message, target, details}}`. Those of Azure Batch end
 * with the request and the time, and tell their values as details (recorded).
 */
export const managementErrorBody: Plane['errorBody'] = (error, { requestId, now }) => {
  const told =
    error instanceof ManagementError
      ? { code: error.code, message: error.message, ...(error.target === undefined ? {} : { target: error.target }), ...(error.details.length === 0 ? {} : { details: error.details }) }
      : { code: error.code, message: `${error.message}\nRequestId:${requestId}\nTime:${formatTimestamp(now)}`, target: 'BatchAccount', ...(error.values.length === 0 ? {} : { details: error.values.map(({ key, value }) => ({ code: key, message: value })) }) };
  return { contentType: MANAGEMENT_JSON, text: JSON.stringify({ error: told }) };
};
