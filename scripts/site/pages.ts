import { posix } from 'node:path';
import { render, type Rendered } from './markdown.ts';
import { HOME, NAVIGATION, pagesOf } from './navigation.ts';

/** One page of the site. `path` is that of its source, from the root of the repository. */
export interface Page extends Rendered {
  readonly path: string;
}

export interface Collected {
  readonly pages: readonly Page[];
  /** Pictures, and other files that pages link to. */
  readonly assets: readonly string[];
  /** A sentence for each link or anchor that leads nowhere. */
  readonly broken: readonly string[];
}

/**
 * All pages of the navigation, and whatever of the repository they link to. @param files of the repository
 */
export function collect(files: readonly string[], textOf: (file: string) => string): Collected {
  const there = new Set(files);
  const found = new Map<string, Page>();
  const assets = new Set<string>();
  const broken: string[] = [];
  const todo: string[] = NAVIGATION.flatMap((group) => pagesOf(group, files.filter(isPage), (page) => page));
  for (let path = todo.shift(); path !== undefined; path = todo.shift()) {
    if (found.has(path)) continue;
    if (!there.has(path)) throw new Error(`${path} is in the navigation, but not in the repository`);
    const page = { path, ...render(textOf(path), (link) => siteLink(path, link)) };
    found.set(path, page);
    for (const link of page.links) {
      const target = targetOf(path, link);
      if (target === null) continue;
      if (!there.has(target.file)) broken.push(`${path} links to ${link}, which is not there`);
      else if (isPage(target.file)) todo.push(target.file);
      else assets.add(target.file);
    }
  }
  const pages = [...found.values()];
  return { pages, assets: [...assets].toSorted(), broken: [...broken, ...pages.flatMap((page) => brokenAnchors(page, found))] };
}

function isPage(file: string): boolean {
  return file.endsWith('.md');
}

function brokenAnchors(page: Page, pages: ReadonlyMap<string, Page>): readonly string[] {
  return page.links.flatMap((link) => {
    const target = targetOf(page.path, link);
    const there = target === null ? undefined : pages.get(target.file);
    if (target === null || there === undefined || target.anchor === '') return [];
    const anchors = there.sections.map(({ anchor }) => anchor);
    return anchors.includes(target.anchor) ? [] : [`${page.path} links to ${link}: there is no such heading`];
  });
}

/** What a link of a page names in the repository; null: something elsewhere. */
function targetOf(page: string, link: string): { readonly file: string; readonly anchor: string } | null {
  if (isElsewhere(link)) return null;
  const [path = '', anchor = ''] = link.split('#');
  return { file: path === '' ? page : posix.join(posix.dirname(page), path), anchor };
}

function isElsewhere(link: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(link);
}

/** The file of the site that a source becomes. */
export function siteFile(file: string): string {
  return file === HOME ? 'index.html' : file.replace(/\.md$/, '.html');
}

function siteLink(page: string, link: string): string {
  const target = targetOf(page, link);
  if (target === null) return link;
  const anchor = target.anchor === '' ? '' : `#${encodeURIComponent(target.anchor)}`;
  return link.startsWith('#') ? anchor : `${encodeURI(relativeTo(siteFile(page), siteFile(target.file)))}${anchor}`;
}

/** The way from one file of the site to another. */
export function relativeTo(from: string, to: string): string {
  return posix.relative(posix.dirname(from), to);
}
