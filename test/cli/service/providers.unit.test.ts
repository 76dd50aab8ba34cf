import { describe, expect, test } from 'vitest';
import { readMapping } from '../../../src/cli/service/providers/document.ts';
import { providersOf, providersOfKind } from '../../../src/cli/service/providers/file.ts';
import { serviceAddress } from '../../../src/cli/service/providers/make.ts';

function read(text: string) {
  return providersOf(readMapping(text));
}

function faultOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
}

test('a file says where nodes come from, and which pools get theirs from where', () => {
  const { service, makers, rules, byDefault } = read(`
service: https://batch.lab.example:10800
providers:
  - kind: local
rules:
  - provider: local
    pools: [mpi-*, cfd]
    vmSizes: standard_nc*
`);
  expect({ service, names: [...makers.keys()], rules, byDefault }).toEqual({
    service: 'https://batch.lab.example:10800',
    names: ['local'],
    rules: [{ provider: 'local', pools: ['mpi-*', 'cfd'], vmSizes: ['standard_nc*'] }],
    byDefault: 'local',
  });
});

describe('what is wrong with it is said with line and property', () => {
  test.each([
    ['', 'line 1, providers: the file is a mapping with providers, and rules.'],
    ['a: [', /^line 1, YAML: /],
    ['sevice: https://a:1', 'line 1, sevice: there is no such property here.'],
    ['service: http://batch.lab.example:1', 'line 1, service: http://batch.lab.example:1 is in the clear: agents on other machines dial https:.'],
    ['service: 5', 'line 1, service: it is a text.'],
    ['default: moon', 'line 1, default: there is no provider moon: there are local.'],
    ['providers: []', 'line 1, providers: it is a list, each item of which has properties.'],
    ['providers:\n  - name: x', 'line 2, kind: it is missing.'],
    ['providers:\n  - kind: moon', /^line 2, kind: it is one of local/],
    ['providers:\n  - kind: local\n    name: x', 'line 3, name: local is the provider of this machine\'s nodes, and no other.'],
    ['providers:\n  - kind: local\n  - kind: local', 'line 3, name: there is a provider local in line 2 already.'],
    ['providers:\n  - kind: local\n    shape: round', 'line 3, shape: there is no such property here.'],
    ['rules:\n  - provider: local', 'line 2, provider: a rule has pools, vmSizes or images; for all others there is default.'],
    ['rules:\n  - provider: moon\n    pools: a', 'line 2, provider: there is no provider moon: there are local.'],
    ['rules:\n  - provider: local\n    pools: [1]', 'line 3, pools: it is a text or a list of texts.'],
  ])('%j', (text, fault) => {
    if (typeof fault === 'string') expect(faultOf(text)).toBe(fault);
    else expect(faultOf(text)).toMatch(fault);
  });
});

test('a kind alone is a provider without a configuration', () => {
  expect(providersOfKind('local')).toMatchObject({ byDefault: 'local', rules: [], service: null });
  expect(() => providersOfKind('moon')).toThrow(/kind: it is one of local/);
});

test('nodes reach the service where the operator says, else where it listens', () => {
  expect(serviceAddress({ service: 'https://a:1' }, '0.0.0.0', 10800)).toBe('https://a:1');
  expect(serviceAddress({ service: null }, '10.0.0.5', 10800)).toBe('https://10.0.0.5:10800');
  expect(serviceAddress({ service: null }, '::1', 10800)).toBe('https://[::1]:10800');
  expect(new URL(serviceAddress({ service: null }, '0.0.0.0', 10800)).hostname).not.toBe('0.0.0.0');
});
