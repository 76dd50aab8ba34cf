import { BatchError } from './errors.ts';
import { parseTimestamp } from './timestamps.ts';

/**
 * The API versions served, oldest first. `revision` is the middle number of the version's text
 * (`2022-10-01.16.0` is 16); 2025-06-01, the first without one, is 25. The shape table counts in revisions.
 */
export const API_VERSIONS = [
  { text: '2016-02-01.3.0', revision: 3 },
  { text: '2016-07-01.3.1', revision: 3.1 },
  { text: '2017-01-01.4.0', revision: 4 },
  { text: '2017-05-01.5.0', revision: 5 },
  { text: '2017-06-01.5.1', revision: 5.1 },
  { text: '2017-09-01.6.0', revision: 6 },
  { text: '2018-03-01.6.1', revision: 6.1 },
  { text: '2018-08-01.7.0', revision: 7 },
  { text: '2018-12-01.8.0', revision: 8 },
  { text: '2019-06-01.9.0', revision: 9 },
  { text: '2019-08-01.10.0', revision: 10 },
  { text: '2020-03-01.11.0', revision: 11 },
  { text: '2020-09-01.12.0', revision: 12 },
  { text: '2021-06-01.14.0', revision: 14 },
  { text: '2022-01-01.15.0', revision: 15 },
  { text: '2022-10-01.16.0', revision: 16 },
  { text: '2023-05-01.17.0', revision: 17 },
  { text: '2023-11-01.18.0', revision: 18 },
  { text: '2024-02-01.19.0', revision: 19 },
  { text: '2024-07-01.20.0', revision: 20 },
  { text: '2025-06-01', revision: 25 },
] as const;

export type Revision = (typeof API_VERSIONS)[number]['revision'];

/** What a request's `api-version` means here. */
export interface ApiVersion {
  /** As sent. */
  readonly text: string;
  /** The revision it is served as. */
  readonly revision: Revision;
  /** Sent by a client newer than this service: served as the newest known version; worth a line in the log. */
  readonly newer: boolean;
}

/** The text of the data plane's version of a revision. */
export function textOfRevision(revision: Revision): string {
  const row = API_VERSIONS.find((one) => one.revision === revision);
  if (row === undefined) throw new Error(`no version has the revision ${revision}`);
  return row.text;
}

export const NEWEST_API_VERSION: ApiVersion = { text: '2025-06-01', revision: 25, newer: false };

const known = new Map<string, ApiVersion>(API_VERSIONS.map((row) => [row.text, { ...row, newer: false }]));
const FORM = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(\.\d{1,4}\.\d{1,4})?$/;

/**
 * Reads the query parameter `api-version`. A version after the newest one known is served as that, up to the day of
 * `nowMs`: it may exist by then.
 * @throws BatchError MissingRequiredQueryParameter when absent, UnsupportedRequestVersion (400) when malformed, older
 * than 2016-02-01.3.0, between two known versions without being one (the real service refuses those as well), or of a
 * day still to come.
 */
export function parseApiVersion(text: string | undefined, nowMs = -Infinity): ApiVersion {
  if (text === undefined || text === '') {
    throw new BatchError('MissingRequiredQueryParameter', [{ key: 'QueryParameterName', value: 'api-version' }]);
  }
  const version = known.get(text);
  if (version !== undefined) return version;
  if (FORM.test(text) && text.slice(0, 10) > NEWEST_API_VERSION.text && (parseTimestamp(`${text.slice(0, 10)}T00:00:00Z`) ?? Infinity) <= nowMs) {
    return { text, revision: NEWEST_API_VERSION.revision, newer: true };
  }
  throw new BatchError('UnsupportedRequestVersion', [
    { key: 'QueryParameterName', value: 'api-version' },
    { key: 'QueryParameterValue', value: text.slice(0, 64) },
    { key: 'Reason', value: `The newest api-version served is ${NEWEST_API_VERSION.text}.` },
  ]);
}
