import { formatTimestamp } from '../../wire/timestamps.ts';
import type { BatchError } from '../../wire/errors.ts';
import { ManagementError, type ManagementErrorDetail } from '../../wire/management/errors.ts';
import type { Plane } from '../plane.ts';
import { MANAGEMENT_JSON } from './answers.ts';

/** The target of errors that Azure Batch itself tells. */
const BATCH = 'BatchAccount';

/** An error as Azure Resource Manager tells it. */
interface ToldError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ManagementErrorDetail[];
  readonly additionalInfo?: readonly object[];
}

/**
 * Errors in the form of Azure Resource Manager: `{"error": {code, message, target, details}}`. Those of Azure Batch end
 * with the request and the time (recorded).
 */
export const managementErrorBody: Plane['errorBody'] = (error, { requestId, now }) => {
  const told = toldError(error);
  const traced = told.target !== BATCH ? told : { ...told, message: `${told.message}\nRequestId:${requestId}\nTime:${formatTimestamp(now)}` };
  return { contentType: MANAGEMENT_JSON, text: JSON.stringify({ error: traced }) };
};

/** Errors of Azure Batch tell their values as details (recorded). */
export function toldError(error: BatchError | ManagementError): ToldError {
  if (!(error instanceof ManagementError)) {
    const { code, message, values } = error;
    return { code, message, target: BATCH, ...(values.length > 0 && { details: values.map(({ key, value }) => ({ code: key, message: value })) }) };
  }
  const { code, message, target, details, additionalInfo } = error;
  return { code, message, ...(target !== undefined && { target }), ...(details.length > 0 && { details }), ...(additionalInfo.length > 0 && { additionalInfo }) };
}
