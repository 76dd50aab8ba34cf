// The licence texts of the packages that a bundle carries, as those licences ask for.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^(third.?party.?)?(licen[cs]e|copying|notice)/i;
const README_SECTION = /^#+ *licen[cs]e[^]*/im;
const RULE = `\n${'-'.repeat(80)}\n`;

/** One text for all packages that `files`, paths below node_modules, come from. Throws for a package without a licence text. */
export function licenceTexts(files: readonly string[]): string {
  const packages = [...new Set(files.map(packageOf))].sort();
  return packages.map((directory) => `${heading(directory)}\n\n${licenceText(directory)}`).join(RULE);
}

function packageOf(file: string): string {
  const directory = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0];
  if (directory === undefined) throw new Error(`${file} is not of a package`);
  return directory;
}

function heading(directory: string): string {
  const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { readonly name: string; readonly version: string };
  return `${name} ${version}`;
}

function licenceText(directory: string): string {
  const names = readdirSync(directory).sort();
  const texts = names.filter((name) => LICENCE_FILE.test(name)).map((name) => readFileSync(join(directory, name), 'utf8').trim());
  if (texts.length > 0) return texts.join('\n\n');
  const readme = names.find((name) => /^readme\.md$/i.test(name));
  const section = readme === undefined ? undefined : README_SECTION.exec(readFileSync(join(directory, readme), 'utf8'))?.[0];
  if (section === undefined) throw new Error(`${directory} has no licence text`);
  return section.trim();
}
