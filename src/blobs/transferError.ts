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

  constructor(kind: TransferErrorKind, status: number | null, code: string, message: string) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
  }

  get isTransient(): boolean {
    return this.kind === 'timedOut' || (this.kind === 'misc' && (this.status === null || this.status >= 500 || this.status === 429));
  }
}

/**
 * From an answer that is no success ("Status and error codes", Azure Storage; some 403s come as 409 with a code of
 * their own).
 */
export function errorOfStatus(status: number, code: string, url: URL): TransferError {
  return new TransferError(kindOfStatus(status, code), status, code, `${withoutQuery(url)} answered ${status}${code === '' ? '' : ` ${code}`}`);
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
function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
