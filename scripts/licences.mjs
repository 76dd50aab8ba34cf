// The licence texts of the packages that a bundle carries, as those licences ask for.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^(third.?party.?)?(licen[cs]e|copying|notice)/i;
const README_SECTION = /^#+ *licen[cs]e[^]*/im;
/** Of a package that names it and carries no text: the text that everybody uses, with its author. */
function MIT(author) {
  return `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}
const RULE = `\n${'-'.repeat(80)}\n`;

/**
 * One text for all packages that `files`, paths below node_modules, come from. Throws for a package without a licence
 * text.
 */
export function licenceTexts(files) {
  const packages = [...new Set(files.map(packageOf))].sort();
  return packages.map((directory) => `${heading(directory)}\n\n${licenceText(directory)}`).join(RULE);
}

function packageOf(file) {
  const directory = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
  if (directory === undefined) throw new Error(`${file} is not of a package`);
  return directory;
}

function heading(directory) {
  const { name, version } = manifestOf(directory);
  return `${name} ${version}`;
}

function manifestOf(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
}

function licenceText(directory) {
  const names = readdirSync(directory).sort();
  const texts = names.filter((name) => LICENCE_FILE.test(name)).map((name) => readFileSync(join(directory, name), 'utf8').trim());
  if (texts.length > 0) return texts.join('\n\n');
  const readme = names.find((name) => /^readme\.md$/i.test(name));
  const section = readme === undefined ? undefined : README_SECTION.exec(readFileSync(join(directory, readme), 'utf8'))?.[0];
  if (section !== undefined) return section.trim();
  const { license, author } = manifestOf(directory);
  if (license !== 'MIT' || author === undefined) throw new Error(`${directory} has no licence text`);
  return MIT(author.name ?? author);
}
