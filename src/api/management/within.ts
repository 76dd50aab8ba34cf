import { randomUUID } from 'node:crypto';
import { matchManagementOperation, requireServed } from '../../wire/management/operations.ts';
import { parseManagementVersion } from '../../wire/management/versions.ts';
import { LIMITS } from '../../wire/limits.ts';
import type { Answer } from '../answer.ts';
import type { InnerRequest, ManagementCall, ManagementParts, Within } from './call.ts';
import { managementHandlers } from './handlers.ts';
import { isRead, type ManagementPlaneOptions, requirePermission } from './plane.ts';

/** `parts`: asked for with each request, since this is one of them. */
export function createWithin(parts: () => ManagementParts, { permits, audit }: Pick<ManagementPlaneOptions, 'permits' | 'audit'>): Within {
  const permitted = async ({ identity, method, path }: Pick<InnerRequest, 'identity' | 'method' | 'path'>) => {
    const rawPath = encodedPath(path);
    const matched = matchManagementOperation(method, rawPath);
    await requirePermission(permits, identity, matched.operation.action, rawPath);
    return { ...matched, rawPath };
  };
  const served = async (request: InnerRequest, requestId: string): Promise<Answer> => {
    const { operation, params, rawPath } = await permitted(request);
    const { identity, apiVersion, body, baseUrl } = request;
    const version = parseManagementVersion(apiVersion);
    requireServed(operation, version);
    const call: ManagementCall = {
      identity,
      operation,
      params,
      query: new URLSearchParams({ 'api-version': apiVersion }),
      headers: {},
      version,
      baseUrl,
      path: rawPath,
      requestId,
      now: parts().clock(),
      signal: AbortSignal.timeout(LIMITS.serverTimeoutMs),
      json: () => Promise.resolve(body),
      jsonIfAny: () => Promise.resolve(body),
      text: () => Promise.resolve(JSON.stringify(body ?? {})),
    };
    return managementHandlers[operation.id](call, parts());
  };
  return {
    check: async (request) => void (await permitted(request)),
    permits: (identity, action, id) => permits(identity, action, encodedPath(id)),
    ask: async (request) => {
      const requestId = randomUUID();
      const { method, identity } = request;
      const path = encodedPath(request.path);
      const { operation } = matchManagementOperation(method, path);
      const answered = served(request, requestId);
      // Templates alone have the plane write.
      return isRead(operation) ? answered : audit('management write', { requestId, operation: operation.id, path, identity, isDeployment: true }, answered);
    },
  };
}

/** An id as a path, percent-encoded as clients send it. */
function encodedPath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
