import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const CORE = fileURLToPath(new URL('../../src/core', import.meta.url));

/**
 * The folders of the core, lowest first, with those that each may import from. Every folder may import the files at the
 * top of the core that hold contract and memory; these import from folders types alone.
 */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'placement/filters': [],
  cost: [],
  jobNode: [],
  transitions: [],
  task: ['placement/filters', 'cost', 'jobNode'],
  job: ['jobNode', 'task'],
  node: ['placement/filters', 'cost', 'jobNode', 'task'],
  pool: ['cost', 'job', 'node'],
  schedule: ['job'],
  drill: ['node'],
  placement: ['placement/filters', 'task', 'pool'],
  explain: ['placement/filters', 'task', 'job', 'node', 'placement'],
};
/** They put the whole together: no folder knows them, and what stands beside them knows their types. */
const COMPOSITION = new Set(['core.ts', 'load.ts', 'image.ts', 'census.ts', 'underWay.ts']);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const IMPORTS = readdirSync(CORE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).flatMap((file): Import[] => {
  const text = readFileSync(join(CORE, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)( type)? [^;]*? from '(\.[^']+)';/gms)].flatMap(([, type, path = '']) => {
    const to = relative(CORE, join(CORE, dirname(file), path)).replaceAll('\\', '/');
    return to.startsWith('..') ? [] : [{ from: file.replaceAll('\\', '/'), to, isType: type !== undefined }];
  });
});

describe('The folders of the core', () => {
  it('import downwards only, as the table says', () => {
    const sideways = IMPORTS.filter(({ from, to }) => folderOf(from) !== '.' && folderOf(to) !== '.' && folderOf(to) !== folderOf(from) && !isAllowed(from, to));
    expect(sideways.map(told)).toEqual([]);
  });

  it('are all in the table, and each arrow of it leads down and is used', () => {
    const folders = new Set(IMPORTS.flatMap(({ from }) => (folderOf(from) === '.' ? [] : [folderOf(from)])));
    expect(Object.keys(ARROWS).toSorted()).toEqual([...folders].toSorted());
    const order = Object.keys(ARROWS);
    const up = order.flatMap((from) => (ARROWS[from] ?? []).filter((to) => order.indexOf(to) > order.indexOf(from)).map((to) => `${from} > ${to}`));
    expect(up).toEqual([]);
    const unused = order.flatMap((from) => (ARROWS[from] ?? []).filter((to) => !IMPORTS.some((one) => folderOf(one.from) === from && folderOf(one.to) === to)).map((to) => `${from} > ${to}`));
    expect(unused).toEqual([]);
  });

  it('know nothing of the files that put the rules together', () => {
    expect(IMPORTS.filter(({ from, to, isType }) => COMPOSITION.has(to) && !COMPOSITION.has(from) && !(isType && folderOf(from) === '.')).map(told)).toEqual([]);
  });

  it('give types alone to what holds contract and memory', () => {
    const upwards = IMPORTS.filter(({ from, to, isType }) => folderOf(from) === '.' && folderOf(to) !== '.' && !COMPOSITION.has(from) && !isType);
    expect(upwards.map(told)).toEqual([]);
  });
});

function folderOf(file: string): string {
  return posix.dirname(file);
}

function isAllowed(from: string, to: string): boolean {
  return (ARROWS[folderOf(from)] ?? []).includes(folderOf(to));
}

function told({ from, to }: Import): string {
  return `${from} > ${to}`;
}
