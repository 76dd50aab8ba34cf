import { randomBytes } from 'node:crypto';
import type { Sealing } from '../../../store/sealing.ts';

/** Both sign. base64 of 64 bytes, as of the real service. */
export interface AccountKeys {
  readonly primary: string;
  readonly secondary: string;
}

const KEY_BYTES = 64;

export function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

export function newKeys(): AccountKeys {
  return { primary: newKey(), secondary: newKey() };
}

export function openKeys(sealing: Sealing, sealed: string): AccountKeys {
  const opened = sealing.open(sealed);
  if (typeof opened === 'object' && opened !== null && 'primary' in opened && 'secondary' in opened && typeof opened.primary === 'string' && typeof opened.secondary === 'string') {
    return { primary: opened.primary, secondary: opened.secondary };
  }
  throw new Error('what was sealed are no keys of an account');
}
