import type { AccountNumber } from '../../../core/keys.ts';
import { shareCertificates, thumbprintKey } from '../../../store/intents/certificates.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import { BatchError, invalidProperty, type ErrorValue } from '../../../wire/errors.ts';
import type { CertificateReference } from '../../../wire/types.generated.ts';

/**
 * Certificates that a pool comes to name have to be there, and to stay. Names and texts of the values are those that
 * were recorded of a pool made for a job. @throws BatchError
 * InvalidCertificateReferences, InvalidPropertyValue for one that is named twice
 */
export async function checkCertificates(tx: Transaction, account: AccountNumber, references: readonly CertificateReference[] | undefined): Promise<void> {
  if (references === undefined || references.length === 0) return;
  const keys = references.map(({ thumbprint }) => thumbprintKey(thumbprint));
  const twice = references.find((_reference, index) => keys.indexOf(keys[index] ?? '') !== index);
  if (twice !== undefined) throw invalidProperty('thumbprint', twice.thumbprint, 'The certificates of a pool must differ.');
  const states = await shareCertificates(tx, account, keys);
  const values = references.flatMap(({ thumbprint, thumbprintAlgorithm }): ErrorValue[] => {
    const state = states.get(thumbprintKey(thumbprint));
    const name = `${thumbprintAlgorithm}-${thumbprint}`;
    if (state === undefined) return [{ key: name, value: 'The specified certificate does not exist.' }];
    return state === 'deleting' ? [{ key: name, value: 'The specified certificate has been marked for deletion and is being deleted.' }] : [];
  });
  if (values.length > 0) throw new BatchError('InvalidCertificateReferences', values);
}
