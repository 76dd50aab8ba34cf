import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const FILES = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8', cwd: join(import.meta.dirname, '..') }).trim().split('\n');
const PAGES = FILES.filter((file) => file.endsWith('.md'));

function textOf(file: string): string {
  return readFileSync(join(import.meta.dirname, '..', file), 'utf8');
}

/** Names of source files in backquotes; those with a placeholder (`<noun>`) are left out. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/`([\w./-]+\.(?:ts|mjs|sh|sql))`/g)].flatMap(([, name]) => name ?? []);
}

/** A page names a file by its path, or by the end of it where the beginning is clear. */
function isThere(name: string): boolean {
  const end = normalize(name).replace(/^(\.\.\/)+/, '');
  return FILES.some((file) => file === end || file.endsWith(`/${end}`));
}

test.each(PAGES)('%s names files that there are', (page) => {
  expect(namesIn(textOf(page)).filter((name) => !isThere(name))).toEqual([]);
});

test.each(PAGES)('%s links to files that there are', (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].flatMap(([, link]) => link ?? []);
  expect(links.filter((link) => !FILES.includes(join(dirname(page), link)))).toEqual([]);
});
