import MiniSearch from 'minisearch';
import { siteFile, type Page } from './pages.ts';

/** What the page's search loads: an index by sections, and for each its page and the beginning of its text. */
const OPTIONS = { fields: ['heading', 'title', 'words'], storeFields: ['href', 'title', 'heading', 'begins'], idField: 'href' };

/** Letters of a section that a result shows. */
const SHOWN_LETTERS = 140;

/** A script, since a page that was opened as a file may read no other file. */
export function searchIndex(pages: readonly Page[]): string {
  const index = new MiniSearch(OPTIONS);
  for (const page of pages) {
    for (const { anchor, text, words, level } of page.sections) {
      const flat = words.replaceAll(/\s+/g, ' ').trim();
      index.add({ href: level === 1 ? siteFile(page.path) : `${siteFile(page.path)}#${encodeURIComponent(anchor)}`, title: page.title, heading: text, words: flat, begins: flat.slice(0, SHOWN_LETTERS) });
    }
  }
  return `window.linariteIndex = ${JSON.stringify({ options: OPTIONS, index: JSON.stringify(index) })};\n`;
}
