import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** The first release of each line of Node.js that is supported. */
const SUPPORTED = ['20.19.0', '22.12.0', '24.0.0'];

type Version = readonly [major: number, minor: number, patch: number];

/** What npm warns of (EBADENGINE) while it installs: the first thing that a new user reads. */
test('every package that is installed takes every Node.js that is supported', () => {
  const { packages } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../package-lock.json'), 'utf8')) as {
    packages: Record<string, { optional?: boolean; engines?: { node?: string } }>;
  };
  const required = Object.entries(packages).filter(([, { optional }]) => optional !== true);
  expect(required.length).toBeGreaterThan(100);
  const refusing = required.flatMap(([name, { engines }]) => SUPPORTED.filter((node) => !takes(engines?.node ?? '*', node)).map((node) => `${name} on ${node}: ${engines?.node}`));
  expect(refusing).toEqual([]);
});

test.each([
  ['>=18', '20.19.0', true],
  ['>= 22', '20.19.0', false],
  ['^20.19.0 || >=22.12.0', '22.0.0', false],
  ['^20.19.0 || >=22.12.0', '24.0.0', true],
  ['>=14 <21', '24.0.0', false],
  ['20 || 22', '20.19.0', true],
  ['20.x', '22.12.0', false],
  ['*', '24.0.0', true],
])('%s takes %s: %s', (range, node, answer) => {
  expect(takes(range, node)).toBe(answer);
});

/**
 * Of the ranges that packages write: comparators and carets, whole versions and parts of them. @throws Error for any
 * other
 */
function takes(range: string, node: string): boolean {
  return range.split('||').some((alternative) => {
    const comparators = alternative.replaceAll(/([<>=^~])\s+/g, '$1').trim().split(/\s+/);
    return comparators.every((comparator) => holds(comparator, read(node)));
  });
}

function holds(comparator: string, node: Version): boolean {
  if (comparator === '' || comparator === '*') return true;
  const [, operator = '', text = ''] = /^(>=|<=|>|<|=|\^|~)?v?(\d[\d.x*]*)$/.exec(comparator) ?? [];
  if (text === '') throw new Error(`no range that this test reads: ${comparator}`);
  const bound = read(text);
  switch (operator) {
    case '>=':
      return compare(node, bound) >= 0;
    case '>':
      return compare(node, bound) > 0;
    case '<=':
      return compare(node, bound) <= 0;
    case '<':
      return compare(node, bound) < 0;
    case '^':
      return node[0] === bound[0] && compare(node, bound) >= 0;
    default:
      return text.split('.').every((part, index) => Number.isNaN(Number(part)) || Number(part) === node[index]);
  }
}

function read(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map((part) => (Number.isNaN(Number(part)) ? 0 : Number(part)));
  return [major, minor, patch];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
