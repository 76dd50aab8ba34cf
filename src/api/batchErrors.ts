import { BatchError, errorBody } from '../wire/errors.ts';
import { JSON_CONTENT_TYPE } from './answer.ts';
import type { Plane } from './plane.ts';

/** Errors in the form of Azure Batch (errors.md 4.1): the sentence stands in the status line as well. */
export const batchErrorBody: Plane['errorBody'] = (error, { requestId, now, baseUrl }) => {
  if (!(error instanceof BatchError)) throw new Error(`an error of the management plane, ${error.code}, reached another one`);
  return { contentType: JSON_CONTENT_TYPE, text: JSON.stringify(errorBody(error, { requestId, nowMs: now, baseUrl })), reason: error.message };
};

/** What all answers of OData carry. */
export const ODATA_HEADERS = { dataserviceversion: '3.0' } as const;
