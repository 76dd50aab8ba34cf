import { idKey } from '../../../core/keys.ts';
import { findUsable, listUsable, type UsableApplication } from '../../../store/intents/applications.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { entity } from '../../answer.ts';
import { param, type Call, type Handler } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

/** Of all applications those that can be named by pools and tasks (API reference, "List applications"). */
const list: Handler = async (call, parts) => {
  const { maxResults } = call.query;
  const found = await listUsable(parts.database, call.principal.account.number, pageStart(call, 'applications', ''), maxResults + 1);
  const page = found.slice(0, maxResults);
  const token = found.length > page.length ? skipToken('applications', idKey(page.at(-1)?.id ?? '')) : null;
  return listAnswer(call, 'listapplicationsummariesresponses', page.map((application) => written(call, application)), token);
};

const get: Handler = async (call, parts) => {
  const found = await findUsable(parts.database, call.principal.account.number, param(call, 'applicationId'));
  if (found === null) throw new BatchError('ApplicationNotFound');
  return entity(written(call, found, `${call.baseUrl}/$metadata#getapplicationsummaryresponse/@Element`), null);
};

/** Recorded: one without a display name is answered without the property. */
function written(call: Call, { id, displayName, versions }: UsableApplication, metadata?: string): object {
  const application = { id, versions, ...(displayName === null ? {} : { displayName }) };
  return dataContract.writeBody('Application', call.version, application, metadata);
}

/** Operations on applications, by operation id. */
export const applicationHandlers = {
  Application_List: list,
  Application_Get: get,
} as const satisfies Partial<Record<OperationId, Handler>>;
