import { createCipheriv, createDecipheriv, type DecipherGCM, hkdfSync, randomBytes } from 'node:crypto';

/** Keeps secrets in the database so that who reads that alone learns none. */
export interface Sealing {
  seal(secret: object): string;
  /** @throws Error for what was sealed under another key, or changed. */
  open(sealed: string): unknown;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = 'v1:';

/** What opens secrets, and makes none. */
export type Secrets = Pick<Sealing, 'open'>;

/** AES-256-GCM under a key made from `secret`, which is kept in the data directory. */
export function createSealing(secret: Uint8Array): Sealing {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'linarite sealing', 32));
  return {
    seal: (value) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return FORM + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open: (sealed) => {
      if (!sealed.startsWith(FORM)) throw new Error('a secret was sealed in a form that is not known');
      const bytes = Buffer.from(sealed.slice(FORM.length), 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const opened = [decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), finished(decipher)];
      return JSON.parse(Buffer.concat(opened).toString('utf8'));
    },
  };
}

/** What Node.js says of a key that does not fit is for nobody. */
function finished(decipher: DecipherGCM): Buffer {
  try {
    return decipher.final();
  } catch (error) {
    throw new Error('a secret was sealed under another key than this service has, or it was changed: the file nodes among the keys of its data directory has to be the one of when it was sealed', { cause: error });
  }
}
