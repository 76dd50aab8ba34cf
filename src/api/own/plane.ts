import { LIMITS } from '../../wire/limits.ts';
import { authenticate, type Authorities } from '../authentication.ts';
import { batchErrorBody, ODATA_HEADERS } from '../batchErrors.ts';
import type { Parts } from '../call.ts';
import type { Plane } from '../plane.ts';
import { explain, matchExplain } from './explain.ts';

export interface OwnPlaneOptions {
  readonly parts: Parts;
  readonly authorities: Authorities;
}

/**
 * Operations of Linarite itself, under `/linarite/`: signed as those of the data plane, errors in its form, no
 * versions.
 */
export function createOwnPlane({ parts, authorities }: OwnPlaneOptions): Plane {
  return {
    name: 'own',
    match: ({ message, target }) => {
      const asked = matchExplain(message.method ?? '', target.path);
      if (asked === undefined) return undefined;
      return {
        operation: null,
        access: { right: 'read', params: { jobId: asked.jobId } },
        handle: ({ principal }) => {
          if (principal === null) throw new Error('an explanation needs a principal');
          return { timeoutMs: LIMITS.serverTimeoutMs, run: () => explain(asked, principal.account.number, parts) };
        },
      };
    },
    authenticate: ({ message, rawUrl }) => authenticate(message, rawUrl, authorities),
    errorBody: batchErrorBody,
    headers: () => ODATA_HEADERS,
  };
}
