/** What of a text lets its reader into storage or an account; null: nothing that is known to. */
export function secretIn(text: string): string | null {
  if (/[?&]sig=[^&\s]+/i.test(text)) return 'a shared access signature';
  if (/AccountKey=[\w+/=]{20,}/i.test(text)) return 'the key of a storage account';
  if (/SharedAccessKey=[\w+/=]{20,}/i.test(text)) return 'a shared access key';
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'a private key';
  if (/^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i.test(text)) return 'a URL with a password';
  return null;
}

/** Whether a variable of this name holds a secret, by what such names are made of. */
export function isNameOfSecret(name: string): boolean {
  return /(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|account_?key|client_?secret|credentials?|connection_?string)(?:$|_)/i.test(name.replaceAll(/([a-z])([A-Z])/g, '$1_$2'));
}
