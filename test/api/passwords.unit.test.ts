import { expect, test } from 'vitest';
import { sha512Crypt, withHashedPasswords } from '../../src/api/data/pool/passwords.ts';

test('a password is hashed as crypt(3) does it (the same of perl and glibc)', () => {
  expect(sha512Crypt('Hello world!', 'saltstring')).toBe('$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1');
});

test('each account has a salt of its own, and keeps all else', async () => {
  const [one, other] = await withHashedPasswords([{ name: 'a', password: 'same', elevationLevel: 'admin' }, { name: 'b', password: 'same' }]);
  expect(one).toEqual({ name: 'a', elevationLevel: 'admin', password: expect.stringMatching(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/) });
  expect(other?.password).not.toBe(one?.password);
});
