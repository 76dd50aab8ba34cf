import type { NameValue } from '../../../core/status.ts';
import type { CertificateRow } from '../../../store/intents/certificates.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Certificate } from '../../../wire/types.generated.ts';

/** The certificate as clients read it (recorded, DP 3, AZ 39): never what it was added with. */
export function wireCertificate(row: CertificateRow, baseUrl: string): Omit<Certificate, 'data'> {
  const { thumbprint, publicData, state, since, previousState, previousSince, usedBy } = row;
  return {
    thumbprint,
    thumbprintAlgorithm: 'sha1',
    url: `${baseUrl}/certificates(thumbprintAlgorithm=sha1,thumbprint=${thumbprint})`,
    state,
    stateTransitionTime: formatTimestamp(since),
    previousState: previousState ?? undefined,
    previousStateTransitionTime: previousSince === null ? undefined : formatTimestamp(previousSince),
    publicData,
    deleteCertificateError: state !== 'deletefailed' || usedBy === null ? undefined : inUse(JSON.parse(usedBy) as readonly NameValue[]),
  };
}

/** No more are named (API reference, "DeleteCertificateError": about the first hundred). */
const MOST_NAMED = 100;

/** Code and message are inferred. */
function inUse(users: readonly NameValue[]): NonNullable<Certificate['deleteCertificateError']> {
  return { code: 'CertificateInUse', message: 'The specified certificate is used by pools or nodes', values: users.slice(0, MOST_NAMED) };
}
