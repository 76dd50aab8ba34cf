import { expect, test } from 'vitest';
import { secretTextOf } from '../../../src/api/identity/secrets.ts';

test('a secret never begins as an option of a command does, whatever its bytes', () => {
  for (let first = 0; first < 256; first += 1) expect(secretTextOf(Buffer.from([first, ...Array.from({ length: 31 }, (_one, index) => index)]))).toMatch(/^\w[\w-]{42}$/);
});
