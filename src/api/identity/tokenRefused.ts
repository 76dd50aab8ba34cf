/**
 * Why a token is not taken. `malformed`: it is none, or lacks a claim. `signature`: nobody that is trusted has signed
 * it, or not in a way that is taken. `issuer`: its issuer is not trusted.
 */
export type TokenRefusal = 'malformed' | 'issuer' | 'signature' | 'expired' | 'notYetValid' | 'audience' | 'keysUnavailable';

/**
 * Thrown for a token that is not taken. The message is for clients: a sentence without the token. Planes say it in
 * their form.
 */
export class TokenRefused extends Error {
  readonly refusal: TokenRefusal;

  constructor(refusal: TokenRefusal, message: string) {
    super(message);
    this.name = 'TokenRefused';
    this.refusal = refusal;
  }
}
