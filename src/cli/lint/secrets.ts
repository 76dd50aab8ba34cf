import { SECRET_FORMS } from '../../wire/secrets.ts';

/** What of a text lets its reader into storage or an account; null: nothing that is known to. */
export function secretIn(text: string): string | null {
  return SECRET_FORMS.find(({ form }) => form.test(text))?.what ?? null;
}

/** Whether a variable of this name holds a secret, by what such names are made of. */
export function isNameOfSecret(name: string): boolean {
  return /(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|account_?key|client_?secret|credentials?|connection_?string)(?:$|_)/i.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2'));
}
