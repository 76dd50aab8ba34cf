import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const DASHBOARD = resolve(import.meta.dirname, '../../dist/dashboard');
const KILOBYTE = 1_000;

function compressedSize(name: string): number {
  return statSync(join(DASHBOARD, `${name}.gz`)).size;
}

test('the page is small: 120 KB compressed in all, 60 KB of them before the first view stands', () => {
  const names = readdirSync(DASHBOARD, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz')).map((name) => name.replace(/\.gz$/, ''));
  expect(names.reduce((sum, name) => sum + compressedSize(name), 0)).toBeLessThan(120 * KILOBYTE);
  // All but the charts over time and the views of one object, which come when they are looked at.
  const first = names.filter((name) => !/assets\/(TimeChart|Job-|Pool-|Task-|Node-|Files|FormulaEditor|Playground|Settings|Cost|Events|Schedule|WhatIf)/.test(name));
  expect(first.reduce((sum, name) => sum + compressedSize(name), 0)).toBeLessThan(60 * KILOBYTE);
});

test('the shell names its assets by their contents, and holds no script of its own', () => {
  const shell = readFileSync(join(DASHBOARD, 'index.html'), 'utf8');
  expect(shell).toMatch(/src="\/assets\/index-[\w-]{8}\.js"/);
  expect(shell).not.toMatch(/<script(?![^>]*src=)|style=| on\w+=/);
});
