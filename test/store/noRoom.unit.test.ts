import { expect, test } from 'vitest';
import type { Pool } from 'pg';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { NoRoom } from '../../src/store/ownerStore.ts';

function storeThatFailsWith(code: string, message: string): ReturnType<typeof postgresOwnerStore> {
  const failure = Object.assign(new Error(message), { code });
  const fail = (): Promise<never> => Promise.reject(failure);
  return postgresOwnerStore({ query: fail, connect: fail } as unknown as Pool);
}

test('an owner is told that there is no room, whatever it asks for and whether disk or quota are at their end', async () => {
  const full = storeThatFailsWith('53100', 'could not extend file "base/1/2": No space left on device');
  await expect(full.claim(1, 'p', 'http://p')).rejects.toThrow(NoRoom);
  await expect(full.load(1)).rejects.toThrow(NoRoom);
  await expect(full.readInbox(1, 1)).rejects.toThrow('could not extend file');
  await expect(storeThatFailsWith('XX000', 'could not extend file "base/1/2": Disk quota exceeded').heartbeat('p')).rejects.toThrow(NoRoom);
  await expect(storeThatFailsWith('XX000', 'cache lookup failed').heartbeat('p')).rejects.not.toThrow(NoRoom);
});
