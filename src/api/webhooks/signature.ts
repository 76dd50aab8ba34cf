import { createHmac, randomBytes } from 'node:crypto';

/** Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** What the specification allows: 24 to 64 bytes in base64, with its prefix. */
export function isSecret(text: string): boolean {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded, 'base64').length;
  return encoded !== '' && bytes >= 24 && bytes <= 64;
}

/** The headers of a message. `id` stays the same each time that it is tried. */
export function signatureHeaders(secret: string, { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string }): Readonly<Record<`webhook-${string}`, string>> {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`, 'utf8').digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
