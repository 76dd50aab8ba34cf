/**
 * notFound: 404; accessDenied: 401, 403; timedOut: no byte for too long, or the server said so; conflict: 409, 412;
 * misc: everything else.
 */
type TransferErrorKind = 'notFound' | 'accessDenied' | 'timedOut' | 'conflict' | 'misc';

/** Why a transfer failed. The message holds no query of a URL. */
export class TransferError extends Error {
  readonly kind: TransferErrorKind;
  /** HTTP status; null: none came. */
  readonly status: number | null;
  /** The storage service's code (`ContainerNotFound`), or the system's (`ECONNREFUSED`), or ''. */
  readonly code: string;
  /** How long the server asks to be left alone; null: it says nothing. */
  readonly retryAfterMs: number | null;

  constructor(kind: TransferErrorKind, status: number | null, code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  get isTransient(): boolean {
    // What was sent did not arrive as it was.
    return this.kind === 'timedOut' || this.code === 'Md5Mismatch' || (this.kind === 'misc' && (this.status === null || this.status >= 500 || this.status === 429));
  }
}

/**
 * From an answer that is no success ("Status and error codes", Azure Storage; some 403s come as 409 with a code of
 * their own).
 */
export function errorOfStatus({ status, code, url, retryAfterMs }: Refusal): TransferError {
  const kind = kindOfStatus(status, code);
  const message = `${withoutQuery(url)} answered ${status}${code === '' ? '' : ` ${code}`}${kind === 'accessDenied' ? outOfTime(url) : ''}`;
  return new TransferError(kind, status, code, message, retryAfterMs);
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly url: URL;
  readonly retryAfterMs: number | null;
}

/** A storage says of such a signature only that it does not hold. */
function outOfTime({ searchParams }: URL): string {
  const [start, end] = ['st', 'se'].map((name) => searchParams.get(name) ?? '');
  if (end !== undefined && Date.parse(end) < Date.now()) return `: the signature in the URL (SAS) ended at ${end}`;
  if (start !== undefined && Date.parse(start) > Date.now()) return `: the signature in the URL (SAS) is good only from ${start} on`;
  return '';
}

function kindOfStatus(status: number, code: string): TransferErrorKind {
  if (code === 'PublicAccessNotPermitted') return 'accessDenied';
  switch (status) {
    case 404:
    case 410:
      return 'notFound';
    case 401:
    case 403:
      return 'accessDenied';
    case 408:
    case 504:
      return 'timedOut';
    case 409:
    case 412:
      return 'conflict';
    default:
      return 'misc';
  }
}

/** A URL as a log line may show it: its query holds a shared access signature. */
export function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
