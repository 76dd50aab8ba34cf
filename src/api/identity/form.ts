import { OAuthError } from './oauthError.ts';

/** The parameters of a form; of a repeated one the first. An empty one counts as left out (RFC 6749, 3.2). */
export class Form {
  readonly #parameters: ReadonlyMap<string, string>;

  constructor(pairs: URLSearchParams) {
    this.#parameters = new Map([...pairs].toReversed().filter(([, value]) => value !== ''));
  }

  /** @throws OAuthError for a body that is no form. */
  static read(contentType: string | undefined, text: string): Form {
    const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
    if (text !== '' && type !== 'application/x-www-form-urlencoded') throw new OAuthError('unreadableForm', `The grant request was not a form: the content type is '${type ?? ''}', not 'application/x-www-form-urlencoded'.`);
    return new Form(new URLSearchParams(text));
  }

  get(name: string): string | undefined {
    return this.#parameters.get(name);
  }

  /** @throws OAuthError missingParameter. */
  required(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new OAuthError('missingParameter', `The request body must contain the following parameter: '${name}'.`);
    return value;
  }
}
