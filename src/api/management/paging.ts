import { invalidQuery } from '../../wire/errors.ts';
import type { ManagementCall } from './call.ts';

/** Of lists of the management plane. */
const MOST = 1_000;
const TOKEN = '$skiptoken';

export interface Page {
  readonly limit: number;
  /** The key that the page begins after; empty: the first page. */
  readonly after: string;
}

/** `name`: the parameter that bounds a page, `maxresults` or `$top`. @throws BatchError InvalidQueryParameterValue. */
export function pageOf({ query }: Pick<ManagementCall, 'query'>, name: 'maxresults' | '$top'): Page {
  const asked = query.get(name);
  if (asked !== null && (!/^\d{1,9}$/.test(asked) || Number(asked) < 1)) throw invalidQuery(name, asked, `It is a whole number from 1 to ${MOST}.`);
  return { limit: Math.min(Number(asked ?? MOST), MOST), after: Buffer.from(query.get(TOKEN) ?? '', 'base64url').toString('utf8') };
}

/** `keys`: of what was found, one more than the page holds where there is more. */
export function nextLink({ baseUrl, path, query }: Pick<ManagementCall, 'baseUrl' | 'path' | 'query'>, { limit }: Page, keys: readonly string[]): { readonly nextLink?: string } {
  const last = keys[limit - 1];
  if (keys.length <= limit || last === undefined) return {};
  const next = new URLSearchParams(query);
  next.set(TOKEN, Buffer.from(last, 'utf8').toString('base64url'));
  return { nextLink: `${baseUrl}${path}?${next.toString()}` };
}
