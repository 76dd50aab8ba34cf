import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize, posix } from 'node:path';
import MiniSearch from 'minisearch';
import { expect, test } from 'vitest';
import { referencePages } from '../scripts/generate-reference.ts';
import { SERVICE_VARIABLES, TASK_VARIABLES } from '../scripts/reference/environment.ts';
import { makeSite } from '../scripts/site.ts';
import { codeBlocks, codeSpans } from '../scripts/site/markdown.ts';
import { NAVIGATION, pagesOf } from '../scripts/site/navigation.ts';
import { allFlags, complaintAbout } from './support/commandLine.ts';
import { shellCommands } from './support/shellCommands.ts';

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

const { files: SITE, broken: BROKEN } = makeSite();

test('no link of a page leads nowhere, and no anchor', () => {
  expect(BROKEN).toEqual([]);
});

test('the site has a page for each document of the navigation, and each document below docs stands there once', () => {
  const all = NAVIGATION.flatMap((group) => pagesOf(group, PAGES, (page) => page));
  expect(all.filter((page, index) => all.indexOf(page) !== index), 'named twice').toEqual([]);
  expect(PAGES.filter((page) => page.startsWith('docs/') && !all.includes(page)), 'scripts/site/navigation.ts has no place for it').toEqual([]);
});

test.each([...SITE.keys()].filter((file) => file.endsWith('.html')))('the page %s of the site leads and loads only where something is', (file) => {
  const html = String(SITE.get(file));
  const loaded = [...html.matchAll(/ src="([^"]*)"| rel="stylesheet" href="([^"]*)"/g)].map(([, source, sheet]) => source ?? sheet ?? '');
  expect(loaded.filter((link) => /^[a-z]+:|^\//.test(link)), 'from elsewhere').toEqual([]);
  const links = [...html.matchAll(/ (?:href|src)="([^"]*)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&')).filter((link) => !/^(https?|mailto):/.test(link));
  expect(links.filter((link) => !isInSite(file, link))).toEqual([]);
});

function isInSite(from: string, link: string): boolean {
  const [path = '', anchor = ''] = link.split('#').map(decodeURIComponent);
  const content = SITE.get(path === '' ? from : posix.join(posix.dirname(from), path));
  return content !== undefined && (anchor === '' || String(content).includes(` id="${anchor}"`));
}

test('the search of the site finds a section by its words', () => {
  const found = search('retry failed upload');
  expect(found.length).toBeGreaterThan(0);
  expect(search('well-known-key').map(({ href }) => href)).toContain('docs/reference/command-line.html#linarite-up');
  expect(search('xyzzy')).toEqual([]);
});

function search(words: string): readonly { readonly href: string }[] {
  const script = String(SITE.get('assets/index.js'));
  const { index, options } = JSON.parse(script.slice(script.indexOf('{'), script.lastIndexOf('}') + 1));
  return MiniSearch.loadJSON(index, options).search(words, { prefix: true }).map(({ id }) => ({ href: String(id) }));
}

test.each([...referencePages()])('%s says what the tables say (else: npm run reference)', (path, text) => {
  expect(FILES.includes(path) ? textOf(path) : 'no such file').toBe(text);
});

test('the reference names each variable of tasks that agent and service set', () => {
  const set = namesInCode(['src/agent/', 'src/control/'], /'((?:AZ_BATCH|IDENTITY|CCP)_[A-Z_]+|LINARITE_(?:NODE|ATTEMPT|SCHEDULED_EVENTS_URL))'/g);
  expect(TASK_VARIABLES.map(({ name }) => name).toSorted()).toEqual(set);
});

test('the reference names each variable that the command line and the service read', () => {
  const read = namesInCode(['src/'], /(?:process\.env|environment|env)\??\.?\[?'?((?:LINARITE|AZURE)_[A-Z_]+)/g);
  const internal = ['AZURE_CLIENT_SECRET', 'LINARITE_AGENT_CONFIG', 'LINARITE_BLOBS_VERBOSE', 'LINARITE_DETACHED', 'LINARITE_LAUNCHER'];
  const named = SERVICE_VARIABLES.map(({ name }) => name);
  expect(read.filter((name) => !named.includes(name) && !internal.includes(name))).toEqual([]);
  const anywhere = namesInCode(['src/'], /\b([A-Z]+_[A-Z_]+)\b/g);
  expect(named.filter((name) => !anywhere.includes(name) && name !== 'KUBECONFIG')).toEqual([]);
});

function namesInCode(folders: readonly string[], pattern: RegExp): readonly string[] {
  const files = FILES.filter((file) => file.endsWith('.ts') && folders.some((folder) => file.startsWith(folder)));
  return [...new Set(files.flatMap((file) => [...textOf(file).matchAll(pattern)].flatMap(([, name]) => name ?? [])))].toSorted();
}

/** Usage, with its placeholders, is no command line. */
const WITH_COMMANDS = PAGES.filter((page) => !page.startsWith('docs/reference/'));

test.each(WITH_COMMANDS)('%s has commands of linarite that there are, with their options', (page) => {
  const complaints = codeBlocks(textOf(page))
    .filter(({ language }) => ['', 'sh', 'bash', 'shell', 'console'].includes(language))
    .flatMap(({ text, line }) => commandsOf(text).flatMap((words) => (complaintAbout(words) === undefined ? [] : [`line ${line}: linarite ${words.join(' ')}: ${complaintAbout(words) ?? ''}`])));
  expect(complaints).toEqual([]);
});

/** The words after `linarite` of each command that runs it. */
function commandsOf(script: string): readonly (readonly string[])[] {
  return shellCommands(script).flatMap((words) => {
    const at = words.findIndex((word) => /^(\.\/)?linarite$/.test(word));
    return at === -1 || words.slice(0, at).some((word) => !['npx', 'exec', 'sudo', 'time', '--no-install'].includes(word)) ? [] : [words.slice(at + 1)];
  });
}

const FLAGS = allFlags();

test.each(PAGES)('%s names options of linarite that there are', (page) => {
  const spans = codeSpans(textOf(page)).filter((span) => /^(\.\/)?linarite /.test(span) && !span.includes(' -- '));
  const named = spans.flatMap((span) => [...span.matchAll(/(?<=[\s[|(])(--?[a-z][\w-]*)/g)].map(([, flag = '']) => ({ span, flag })));
  expect(named.filter(({ flag }) => !FLAGS.has(flag))).toEqual([]);
});
