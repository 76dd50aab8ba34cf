import { storageUrl } from './storageUrls.ts';
import { blobSasUrl, containerSasUrl, type SasRight, type SigningAccount } from './sas.ts';

/**
 * The URL of a blob of the account, or of a container and what is below it, signed anew for these rights, whatever
 * signature it carries; what else is in its query stays. null: it is none of the account's. `expiresAt` in milliseconds
 * since 1970.
 */
export function signedOwnUrl(account: SigningAccount, url: string, { scope, rights, expiresAt }: OwnGrant): string | null {
  if (!URL.canParse(url)) return null;
  const asked = storageUrl(url);
  const place = placeIn(account, asked);
  if (place === null) return null;
  const { container, blob } = place;
  if (scope === 'blob' && blob === null) return null;
  const signed = new URL(scope === 'blob' && blob !== null ? blobSasUrl(account, { container, blob, rights, startsAt: null, expiresAt }) : containerSasUrl(account, container, rights, expiresAt));
  signed.pathname = asked.pathname;
  for (const [name, value] of asked.searchParams) if (!SIGNATURE.has(name)) signed.searchParams.append(name, value);
  return signed.toString();
}

interface OwnGrant {
  readonly scope: 'blob' | 'container';
  readonly rights: readonly SasRight[];
  readonly expiresAt: number;
}

/** Parameters of a shared access signature (learn.microsoft.com, "Create a service SAS" and its siblings). */
const SIGNATURE: ReadonlySet<string> = new Set(
  ['sv', 'sr', 'si', 'st', 'se', 'sp', 'sip', 'spr', 'sig', 'ss', 'srt', 'ses', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'saoid', 'suoid', 'scid', 'sdd', 'rscc', 'rscd', 'rsce', 'rscl', 'rsct'],
);

function placeIn({ endpoint }: SigningAccount, url: URL): { readonly container: string; readonly blob: string | null } | null {
  const base = new URL(endpoint);
  const above = base.pathname === '/' ? '' : base.pathname;
  if (url.origin !== base.origin || !url.pathname.startsWith(`${above}/`)) return null;
  const [container = '', ...rest] = url.pathname.slice(above.length + 1).split('/');
  try {
    const blob = rest.map(decodeURIComponent).join('/');
    return container === '' ? null : { container: decodeURIComponent(container), blob: blob === '' ? null : blob };
  } catch {
    // An escape that is none.
    return null;
  }
}
