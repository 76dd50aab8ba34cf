import { randomUUID } from 'node:crypto';
import { matchManagementOperation, requireServed } from '../../wire/management/operations.ts';
import { parseManagementVersion } from '../../wire/management/versions.ts';
import { LIMITS } from '../../wire/limits.ts';
import type { InnerRequest, ManagementCall, ManagementParts, Within } from './call.ts';
import { managementHandlers } from './handlers.ts';
import { type ManagementPlaneOptions, requirePermission } from './plane.ts';

/** `parts`: asked for with each request, since this is one of them. */
export function createWithin(parts: () => ManagementParts, permits: ManagementPlaneOptions['permits']): Within {
  const permitted = async ({ identity, method, path }: Pick<InnerRequest, 'identity' | 'method' | 'path'>) => {
    const rawPath = encodedPath(path);
    const matched = matchManagementOperation(method, rawPath);
    await requirePermission(permits, identity, matched.operation.action, rawPath);
    return { ...matched, rawPath };
  };
  return {
    check: async (request) => void (await permitted(request)),
    permits: (identity, action, id) => permits(identity, action, encodedPath(id)),
    ask: async (request) => {
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
        requestId: randomUUID(),
        now: parts().clock(),
        signal: AbortSignal.timeout(LIMITS.serverTimeoutMs),
        json: () => Promise.resolve(body),
        jsonIfAny: () => Promise.resolve(body),
        text: () => Promise.resolve(JSON.stringify(body ?? {})),
      };
      return managementHandlers[operation.id](call, parts());
    },
  };
}

/** An id as a path, percent-encoded as clients send it. */
function encodedPath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
