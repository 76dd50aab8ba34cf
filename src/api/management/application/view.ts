import { etagOfMs } from '../../../wire/etag.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { ApplicationView, PackageView, PackageWithUrl } from '../../application/applications.ts';

const APPLICATION_TYPE = 'Microsoft.Batch/batchAccounts/applications';

/** An application as it is answered (recorded 8.10). `accountId`: of its account. */
export function applicationView({ id, displayName, allowUpdates, defaultVersion, modifiedAt }: ApplicationView, accountId: string): Record<string, unknown> {
  const properties = { ...(displayName === null ? {} : { displayName }), allowUpdates, ...(defaultVersion === null ? {} : { defaultVersion }) };
  return { type: APPLICATION_TYPE, id: `${accountId}/applications/${id}`, name: id, etag: `W/"${etagOfMs(modifiedAt)}"`, properties };
}

/** A package as lists have it: without its URL (recorded 8.10). */
export function packageView({ version, state, lastActivatedAt, modifiedAt }: PackageView, applicationId: string): Record<string, unknown> {
  const active = lastActivatedAt === null ? {} : { format: 'zip', lastActivationTime: formatTimestamp(lastActivatedAt) };
  return { type: `${APPLICATION_TYPE}/versions`, id: `${applicationId}/versions/${version}`, name: version, etag: `W/"${etagOfMs(modifiedAt)}"`, properties: { state, ...active } };
}

export function packageWithUrlView(view: PackageWithUrl, applicationId: string): Record<string, unknown> {
  const { properties, ...rest } = packageView(view, applicationId);
  return { ...rest, properties: { storageUrl: view.storageUrl, storageUrlExpiry: formatTimestamp(view.storageUrlExpiresAt), ...(properties as object) } };
}
