import { createHmac } from 'node:crypto';
import type { Tokens } from './tokens.ts';

/** What the API needs to know callers by tokens of the directory, and to give such tokens. */
export interface IdentityOptions {
  readonly tokens: Tokens;
  /** What the operator's service principal proves itself with. */
  readonly operatorSecret: string;
  /** Everybody knows it: the service is for its own machine alone. */
  readonly isSecretKnown: boolean;
}

/**
 * What programs of this machine show to get the operator's tokens (`IDENTITY_HEADER`): nobody has the secret from it.
 */
export function identityHeader(operatorSecret: string): string {
  return createHmac('sha256', operatorSecret).update('IDENTITY_HEADER').digest('hex').slice(0, 32).toUpperCase();
}
