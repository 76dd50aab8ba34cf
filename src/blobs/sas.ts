import { createHmac } from 'node:crypto';

/**
 * In the order in which a signature names them (learn.microsoft.com, "Create a service SAS": permissions for a
 * container).
 */
const RIGHTS = { read: 'r', add: 'a', create: 'c', write: 'w', delete: 'd', list: 'l' } as const;

export type SasRight = keyof typeof RIGHTS;

/** A storage account whose key is ours to sign with. */
export interface SigningAccount {
  readonly accountName: string;
  /** base64 */
  readonly accountKey: string;
  /** Without a closing slash. */
  readonly endpoint: string;
}

/** The version that settles which fields are signed. */
const VERSION = '2020-12-06';

/**
 * A container's URL with a shared access signature. `expiresAt` in milliseconds since 1970. Not by the SDK: of all that
 * a service loads it would take the longest, for this alone.
 */
export function containerSasUrl(account: SigningAccount, container: string, rights: readonly SasRight[], expiresAt: number): string {
  return serviceSasUrl(account, { container, blob: null, rights, startsAt: null, expiresAt });
}

export interface BlobGrant {
  readonly container: string;
  readonly blob: string;
  readonly rights: readonly SasRight[];
  /** Milliseconds since 1970; null: it is good at once. */
  readonly startsAt: number | null;
  readonly expiresAt: number;
}

/** As `containerSasUrl`, for one blob alone. */
export function blobSasUrl(account: SigningAccount, grant: BlobGrant): string {
  return serviceSasUrl(account, grant);
}

interface Grant extends Omit<BlobGrant, 'blob'> {
  /** null: the container. */
  readonly blob: string | null;
}

function serviceSasUrl({ accountName, accountKey, endpoint }: SigningAccount, { container, blob, rights, startsAt, expiresAt }: Grant): string {
  const permissions = lettersOf(rights);
  const expiry = instant(expiresAt);
  const start = startsAt === null ? '' : instant(startsAt);
  const protocol = protocolOf(endpoint);
  const kind = blob === null ? 'c' : 'b';
  const fields = {
    permissions,
    start,
    expiry,
    resource: `/blob/${accountName}/${container}${blob === null ? '' : `/${blob}`}`,
    identifier: '',
    addresses: '',
    protocol,
    version: VERSION,
    kind,
    snapshot: '',
    encryptionScope: '',
    cacheControl: '',
    contentDisposition: '',
    contentEncoding: '',
    contentLanguage: '',
    contentType: '',
  };
  const sig = signature(accountKey, Object.values(fields).join('\n'));
  const query = new URLSearchParams({ sv: VERSION, spr: protocol, ...(start === '' ? {} : { st: start }), se: expiry, sr: kind, sp: permissions, sig });
  const path = blob === null ? '' : `/${blob.split('/').map(encodeURIComponent).join('/')}`;
  return `${endpoint}/${encodeURIComponent(container)}${path}?${query.toString()}`;
}

/**
 * The query by which the account's own blobs and containers are worked with ("Create an account SAS"): making and
 * deleting a container is granted by nothing less.
 */
export function accountSas({ accountName, accountKey, endpoint }: SigningAccount, rights: readonly SasRight[], expiresAt: number): URLSearchParams {
  const permissions = lettersOf(rights);
  const expiry = instant(expiresAt);
  const protocol = protocolOf(endpoint);
  const fields = { accountName, permissions, services: 'b', types: 'sco', start: '', expiry, addresses: '', protocol, version: VERSION, encryptionScope: '', end: '' };
  const sig = signature(accountKey, Object.values(fields).join('\n'));
  return new URLSearchParams({ sv: VERSION, ss: 'b', srt: 'sco', spr: protocol, se: expiry, sp: permissions, sig });
}

function signature(accountKey: string, text: string): string {
  return createHmac('sha256', Buffer.from(accountKey, 'base64')).update(text).digest('base64');
}

function lettersOf(rights: readonly SasRight[]): string {
  const letters = Object.entries(RIGHTS).filter(([right]) => rights.some((wanted) => wanted === right));
  return letters.map(([, letter]) => letter).join('');
}

function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The embedded server speaks plain HTTP on loopback. */
function protocolOf(endpoint: string): string {
  return endpoint.startsWith('https:') ? 'https' : 'https,http';
}
