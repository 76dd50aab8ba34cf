/** Codes of the Blob service that stand before the blob server, and their statuses ("Blob service error codes"). */
const STATUSES = {
  InvalidAuthenticationInfo: 401,
  AuthorizationPermissionMismatch: 403,
  ResourceNotFound: 404,
  InternalError: 500,
  ServerBusy: 503,
} as const;

/** Why a request for blobs goes no further. */
export class StorageRefusal extends Error {
  readonly code: keyof typeof STATUSES;
  readonly status: number;

  constructor(code: keyof typeof STATUSES, message: string) {
    super(message);
    this.name = 'StorageRefusal';
    this.code = code;
    this.status = STATUSES[code];
  }
}
