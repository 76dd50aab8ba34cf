import { expect, test } from 'vitest';
import { hostForClients } from '../../../src/cli/service/data/recordKeeper.ts';

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['::1', '[::1]'],
  ['batch.example.org', 'batch.example.org'],
])('a service that listens on %s is reached from this machine at %s', (host, reached) => {
  expect(hostForClients(host)).toBe(reached);
});
