import { expect, test } from 'vitest';
import { defaultQuotas } from '../../../src/cli/service/process/defaultQuotas.ts';

test.each(['127.0.0.1', '::1', 'localhost'])('on %s alone nobody runs into a quota that nobody has set', (host) => {
  expect(defaultQuotas(host)).toEqual({ pools: null, activeJobs: null });
});

test.each(['0.0.0.0', '::', '192.168.0.7', 'batch.example.org'])('on %s, which others reach, the quotas are those of the real service', (host) => {
  expect(defaultQuotas(host)).toEqual({ pools: 100, activeJobs: 300 });
});
