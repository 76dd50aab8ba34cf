import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { issuerFlags, issuerOption } from '../../src/cli/service/issuers.ts';

function read(...flags: string[]): unknown {
  return new Command().exitOverride().configureOutput({ writeErr: () => undefined }).addOption(issuerOption()).parse(flags, { from: 'user' }).opts()['issuer'];
}

describe('--issuer', () => {
  const ENTRA = { issuer: 'https://sts.windows.net/t/', audiences: [] };
  const OTHER = { issuer: 'https://example.org', audiences: ['api://a', 'b'] };

  test('is given several times, with audiences or without', () => {
    expect(read('--issuer', ENTRA.issuer, '--issuer', 'https://example.org,audience=api://a,audience=b')).toEqual([ENTRA, OTHER]);
  });

  test.each(['example.org', 'http://example.org', 'ftp://example.org', 'https://example.org,api://a', 'https://example.org,audience='])('%s is none', (text) => {
    expect(() => read('--issuer', text)).toThrow('an address like');
  });

  test('is refused twice', () => {
    expect(() => read('--issuer', ENTRA.issuer, '--issuer', ENTRA.issuer)).toThrow('given twice');
  });

  test('is said to the next process as it was understood', () => {
    expect(read(...issuerFlags([ENTRA, OTHER]))).toEqual([ENTRA, OTHER]);
  });
});
