/** Where tokens are given to programs of this machine, and to tasks of pools with an identity (`IDENTITY_ENDPOINT`). */
export const MANAGED_TOKEN_PATH = '/msi/token';
