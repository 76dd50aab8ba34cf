import { expect, test } from 'vitest';
import { loginLimit } from '../../src/agent/login/sshd.ts';

const SSHD = { server: '/usr/sbin/sshd', keygen: '/usr/bin/ssh-keygen' };

test.each([
  ['overlays', null, 'there is no sshd here, which Debian has in its package openssh-server'],
  ['binds', null, 'openssh-server'],
  ['none', SSHD, 'nodes share the users of this machine'],
  // Nobody is told to install what would not help.
  ['none', null, 'nodes share the users of this machine'],
] as const)('isolated by %s, with %j, nobody logs in to a node, and the reason is said', (isolation, sshd, reason) => {
  expect(loginLimit(isolation, sshd)).toContain(reason);
});

test.each(['overlays', 'binds'] as const)('isolated by %s, with sshd, users log in', (isolation) => {
  expect(loginLimit(isolation, SSHD)).toBeNull();
});
