import { createSealing } from '../../../src/store/sealing.ts';
import type { ManagementOptions } from '../../../src/api/server.ts';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { ManagementError } from '../../../src/wire/management/errors.ts';

export const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';
const OPERATOR: Identity = { objectId: 'o', tenantId: 't', kind: 'servicePrincipal', name: 'operator' };

export const SEALING = createSealing(new Uint8Array(32));

/** The management plane with the token `Bearer operator`, who may all; nobody opens and closes its accounts. */
export function managementParts(more: Partial<ManagementOptions> = {}): ManagementOptions & Required<Pick<ManagementOptions, 'authority'>> {
  return {
    host: { open: () => Promise.resolve(), close: () => Promise.resolve() },
    sealing: SEALING,
    places: { batch: () => undefined, blobs: () => undefined },
    directory: { tenantId: '00000000-0000-0000-0000-0000000000aa', subscriptionId: SUBSCRIPTION, resourceGroup: 'linarite', location: 'westeurope' },
    authority: {
      authenticate: ({ message }) =>
      message.headers.authorization === 'Bearer operator' ? Promise.resolve({ kind: 'identity', identity: OPERATOR }) : Promise.reject(new ManagementError('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.")),
      permits: () => Promise.resolve(true),
    },
    ...more,
  };
}
