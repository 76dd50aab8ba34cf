// Makes the documentation as a site: files that a browser opens as they are, or that any static server hands out below
// any path. Nothing in them asks another host. Run: npm run site -- [DIRECTORY] (default: site)
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { htmlOf } from './site/layout.ts';
import { collect, siteFile } from './site/pages.ts';
import { filesOfRepository, ROOT, textOf } from './site/repository.ts';
import { searchIndex } from './site/searchIndex.ts';

interface Site {
  readonly files: ReadonlyMap<string, string | Buffer>;
  /** A sentence for each link or anchor that leads nowhere. */
  readonly broken: readonly string[];
}

/** All files of the site, by their paths in it. */
export function makeSite(): Site {
  const { pages, assets, broken } = collect(filesOfRepository(), textOf);
  const own = ['style.css', 'search.js'].map((name) => [`assets/${name}`, readFileSync(join(import.meta.dirname, 'site/assets', name))] as const);
  const files = new Map<string, string | Buffer>([
    ...pages.map((page) => [siteFile(page.path), htmlOf(page, pages)] as const),
    ...assets.map((file) => [file, readFileSync(join(ROOT, file))] as const),
    ...own,
    ['assets/index.js', searchIndex(pages)],
    // With its licence at the top.
    ['assets/minisearch.js', `/*!\n${miniSearchFile('LICENSE.txt')}*/\n${miniSearchFile('dist/umd/index.js').replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n')}`],
  ]);
  return { files, broken };
}

function miniSearchFile(name: string): string {
  const entry = createRequire(import.meta.url).resolve('minisearch');
  const root = entry.slice(0, entry.lastIndexOf(join('minisearch', 'dist')) + 'minisearch'.length);
  return readFileSync(join(root, name), 'utf8');
}

/** Whether the directory may be replaced: it is not there, empty, or a site that was made before. */
function isOurs(directory: string): boolean {
  return !existsSync(directory) || readdirSync(directory).length === 0 || existsSync(join(directory, 'assets/minisearch.js'));
}

if (process.argv[1]?.endsWith('site.ts')) {
  const directory = process.argv[2] ?? 'site';
  if (!isOurs(directory)) throw new Error(`${directory} holds something else: name an empty directory, or none`);
  const { files, broken } = makeSite();
  if (broken.length > 0) throw new Error(broken.join('\n'));
  rmSync(directory, { recursive: true, force: true });
  for (const [file, content] of files) {
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  process.stdout.write(`${files.size} files in ${directory}; open ${join(directory, 'index.html')}\n`);
}
