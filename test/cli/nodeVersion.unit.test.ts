import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { refusedNode } from '../../src/cli/nodeVersion.ts';

function read(name: string): string {
  return readFileSync(resolve(import.meta.dirname, '../..', name), 'utf8');
}

test.each(['20.19.0', '20.20.2', '22.0.0', '24.9.0', '26.1.0'])('Node.js %s runs it', (version) => {
  expect(refusedNode(version)).toBe('');
});

test.each(['18.20.8', '20.18.3', '16.0.0', '8.17.0'])('Node.js %s is told what is needed', (version) => {
  expect(refusedNode(version)).toBe(`Node.js 20.19 or newer is needed, this is ${version}: https://nodejs.org`);
});

test('package and launcher ask for the same', () => {
  expect(JSON.parse(read('package.json'))).toMatchObject({ engines: { node: '>=20.19.0' } });
  expect(read('scripts/prepare.sh')).toContain('Node.js 20.19 or newer is needed, this is');
});

test('what is loaded before the version is known is what old releases read', () => {
  for (const name of ['main', 'nodeVersion']) {
    const code = read(`src/cli/${name}.ts`).replaceAll(/^(\/\/|\/\*\*|#!).*$/gm, '');
    expect(code, name).not.toMatch(/\?\?|\?\.|\bawait\b|`|\bstatic\b/);
  }
  const imports = ['main', 'nodeVersion'].flatMap((name) => [...read(`src/cli/${name}.ts`).matchAll(/^import .* from '(.*)';$/gm)].map(([, from]) => from));
  expect(imports).toEqual(['./nodeVersion.ts']);
});
