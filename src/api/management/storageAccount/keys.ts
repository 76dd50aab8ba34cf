import { randomBytes } from 'node:crypto';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import type { Sealing } from '../../../store/sealing.ts';

const KEY_BYTES = 64;

/** Keys of a storage account, base64: `key1`, `key2`. */
export type StorageKeys = readonly [key1: string, key2: string];

export function newStorageKeys(): StorageKeys {
  return [newStorageKey(), newStorageKey()];
}

export function newStorageKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

export function openStorageKeys(sealing: Sealing, { id, secrets }: Pick<ResourceRow, 'id' | 'secrets'>): StorageKeys {
  const keys: unknown = secrets === null ? null : sealing.open(secrets);
  if (Array.isArray(keys) && typeof keys[0] === 'string' && typeof keys[1] === 'string') return [keys[0], keys[1]];
  throw new Error(`${id} has no keys`);
}
