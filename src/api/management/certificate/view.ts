import type { NameValue } from '../../../core/status.ts';
import type { CertificateRow, CertificateState } from '../../../store/intents/certificates.ts';
import { etagOfMs } from '../../../wire/etag.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Filterable } from '../listed.ts';

const STATES: Readonly<Record<CertificateState, string>> = { active: 'Succeeded', deleting: 'Deleting', deletefailed: 'Failed' };

/**
 * A certificate as it is answered (recorded 8.10): what it was added with is never shown. `accountId`: of its account.
 */
export function certificateView({ thumbprint, format, state, since, previousState, previousSince, publicData, usedBy }: CertificateRow, accountId: string): Record<string, unknown> {
  const name = `sha1-${thumbprint}`;
  return {
    name,
    id: `${accountId}/certificates/${name}`,
    type: 'Microsoft.Batch/batchAccounts/certificates',
    etag: `W/"${etagOfMs(since)}"`,
    properties: {
      thumbprintAlgorithm: 'sha1',
      thumbprint,
      provisioningState: STATES[state],
      provisioningStateTransitionTime: formatTimestamp(since),
      ...(previousState === null || previousSince === null ? {} : { previousProvisioningState: STATES[previousState], previousProvisioningStateTransitionTime: formatTimestamp(previousSince) }),
      format: format === 'pfx' ? 'Pfx' : 'Cer',
      publicData,
      ...(state === 'deletefailed' && usedBy !== null ? { deleteCertificateError: inUse(JSON.parse(usedBy) as readonly NameValue[]) } : {}),
    },
  };
}

/** Code and message are inferred, as those of the data plane. */
function inUse(users: readonly NameValue[]): object {
  return { code: 'CertificateInUse', message: 'The specified certificate is used by pools or nodes', details: users.map(({ name, value }) => ({ code: name, message: value })) };
}

/** API reference, "Certificate - List By Batch Account". */
export const CERTIFICATE_FILTERS: Filterable = {
  table: {
    name: ['eq', 'ne', 'startswith'],
    'properties/provisioningState': ['eq', 'ne'],
    'properties/provisioningStateTransitionTime': ['eq', 'ne', 'gt', 'ge', 'lt', 'le'],
  },
  literal: (path) => (path.at(-1) === 'provisioningStateTransitionTime' ? { kind: 'time', values: undefined } : { kind: 'text', values: path.at(-1) === 'provisioningState' ? Object.values(STATES) : undefined }),
};
