import { NAVIGATION, pagesOf } from './navigation.ts';
import { relativeTo, siteFile, type Page } from './pages.ts';

/** A whole page of the site. @param all the pages that there are */
export function htmlOf(page: Page, all: readonly Page[]): string {
  const file = siteFile(page.path);
  const asset = (name: string): string => relativeTo(file, `assets/${name}`);
  return `<!doctype html>
<html lang="en" data-root="${escaped(relativeTo(file, 'x').slice(0, -1))}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.path === 'README.md' ? 'Linarite' : `${page.title} – Linarite`)}</title>
<link rel="stylesheet" href="${asset('style.css')}">
<script defer src="${asset('search.js')}"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<a class="home" href="${relativeTo(file, 'index.html')}">Linarite</a>
<div class="search"><input type="search" id="search" placeholder="Search" aria-label="Search" autocomplete="off" spellcheck="false"><ol id="found" hidden></ol></div>
</header>
<div class="columns">
<nav aria-label="Pages"><details open><summary>Pages</summary>
${NAVIGATION.map((group) => section(group.title, entries(pagesOf(group, all.map(({ path }) => path), (path) => titleOf(path, all)), page, all))).join('\n')}
</details></nav>
<main id="content">
${page.html}</main>
${contents(page)}
</div>
</body>
</html>
`;
}

function section(title: string, items: string): string {
  return `<h2>${escaped(title)}</h2>\n<ul>\n${items}\n</ul>`;
}

function entries(paths: readonly string[], page: Page, all: readonly Page[]): string {
  return paths
    .map((path) => {
      const here = path === page.path ? ' aria-current="page"' : '';
      return `<li><a href="${encodeURI(relativeTo(siteFile(page.path), siteFile(path)))}"${here}>${escaped(titleOf(path, all))}</a></li>`;
    })
    .join('\n');
}

function titleOf(path: string, all: readonly Page[]): string {
  const page = all.find((one) => one.path === path);
  if (page === undefined) throw new Error(`${path} has not been rendered`);
  return path === 'README.md' ? 'What it is' : page.title;
}

/** Headings of the second level, where there are several. */
function contents({ sections }: Page): string {
  const headings = sections.filter(({ level }) => level === 2);
  if (headings.length < 2) return '';
  const items = headings.map(({ text, anchor }) => `<li><a href="#${encodeURIComponent(anchor)}">${escaped(text)}</a></li>`);
  return `<aside aria-label="On this page">\n<h2>On this page</h2>\n<ul>\n${items.join('\n')}\n</ul>\n</aside>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
