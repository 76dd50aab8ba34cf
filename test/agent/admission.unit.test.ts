import { expect, test } from 'vitest';
import { admissionBy } from '../../src/agent/endpoints/admission.ts';
import type { EndpointRule } from '../../src/agent/frames.ts';

function rule(priority: number, access: 'allow' | 'deny', prefix: string, ...ports: readonly string[]): EndpointRule {
  return { priority, isAllowed: access === 'allow', prefix, ports };
}

function admits(rules: readonly EndpointRule[], address: string, port = 40_000): boolean {
  return admissionBy(rules)({ address, port });
}

test('without rules everybody comes in', () => {
  expect(admits([], '192.0.2.1')).toBe(true);
});

test('the rule of the lowest number that matches decides, whatever the order in which they are given', () => {
  const rules = [rule(300, 'deny', '*'), rule(200, 'allow', '192.0.2.0/24'), rule(150, 'deny', '192.0.2.7')];
  expect(admits(rules, '192.0.2.6')).toBe(true);
  expect(admits(rules, '192.0.2.7')).toBe(false);
  expect(admits(rules, '198.51.100.1')).toBe(false);
});

test('where there are rules, whom none is about stays out', () => {
  expect(admits([rule(200, 'allow', '192.0.2.0/24')], '198.51.100.1')).toBe(false);
  expect(admits([rule(200, 'deny', '192.0.2.0/24')], '198.51.100.1')).toBe(false);
});

test('everybody comes from the internet, and nobody from networks of Azure', () => {
  expect(admits([rule(200, 'allow', 'Internet')], '127.0.0.1')).toBe(true);
  expect(admits([rule(200, 'allow', 'VirtualNetwork')], '127.0.0.1')).toBe(false);
});

test('ports are those of the other side', () => {
  const rules = [rule(200, 'allow', '*', '22', '100-200')];
  expect([22, 100, 200].map((port) => admits(rules, '::1', port))).toEqual([true, true, true]);
  expect([23, 99, 201].map((port) => admits(rules, '::1', port))).toEqual([false, false, false]);
});

test('addresses of one family are not taken for the other', () => {
  expect(admits([rule(200, 'allow', '2001:db8::/32')], '2001:db8::7')).toBe(true);
  expect(admits([rule(200, 'allow', '2001:db8::/32')], '192.0.2.1')).toBe(false);
});
