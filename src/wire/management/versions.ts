import type { ApiVersion, Revision } from '../versions.ts';
import { ManagementError } from './errors.ts';

/** Versions of Microsoft.Batch, oldest first, by the revision of the data plane of their day: shapes count in those. */
export const MANAGEMENT_VERSIONS: readonly { readonly text: string; readonly revision: Revision }[] = [
  { text: '2020-03-01', revision: 11 },
  { text: '2020-09-01', revision: 12 },
  // Between two of the data plane; what the later one brought is in it (release notes of azure-mgmt-batch 15.0.0).
  { text: '2021-01-01', revision: 14 },
  { text: '2021-06-01', revision: 14 },
  { text: '2022-01-01', revision: 15 },
  { text: '2022-10-01', revision: 16 },
  { text: '2023-05-01', revision: 17 },
  { text: '2023-11-01', revision: 18 },
  { text: '2024-02-01', revision: 19 },
  { text: '2024-07-01', revision: 20 },
  { text: '2025-06-01', revision: 25 },
];

/**
 * Of the other providers: the versions whose shapes are served, newest first. Clients that look for a version take one
 * of these; a request may name any other.
 */
export const PROVIDER_VERSIONS: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Authorization': ['2022-04-01'],
  'Microsoft.ManagedIdentity': ['2023-01-31'],
  'Microsoft.Resources': ['2022-09-01', '2021-04-01'],
  'Microsoft.Storage': ['2023-05-01', '2022-09-01'],
};

const FORM = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview)?$/;

/**
 * Any version of the right form is taken, and served as the newest one that is not younger: clients ask providers for
 * versions of many dates.
 * @throws ManagementError MissingApiVersionParameter, InvalidApiVersionParameter (400).
 */
export function parseManagementVersion(text: string | undefined): ApiVersion {
  if (text === undefined || text === '') throw new ManagementError('MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');
  if (!FORM.test(text)) throw new ManagementError('InvalidApiVersionParameter', `The api-version '${text.slice(0, 64)}' is invalid: it is a date, as '2025-06-01'.`);
  const [oldest] = MANAGEMENT_VERSIONS;
  if (oldest === undefined) throw new Error('there are no versions');
  const { revision } = MANAGEMENT_VERSIONS.findLast((one) => one.text <= text.slice(0, 10)) ?? oldest;
  return { text, revision, newer: text.slice(0, 10) > (MANAGEMENT_VERSIONS.at(-1)?.text ?? '') };
}
