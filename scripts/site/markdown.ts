import MarkdownIt, { type Token } from 'markdown-it';

/** One heading of a page, with the anchor that GitHub gives it. */
interface Heading {
  readonly level: number;
  readonly text: string;
  readonly anchor: string;
}

/** What a heading stands over, as words: for the search. */
interface Section extends Heading {
  readonly words: string;
}

export interface Rendered {
  readonly html: string;
  readonly title: string;
  readonly sections: readonly Section[];
  /** As they stand in the page. */
  readonly links: readonly string[];
}

/** A block of code, with the word after its fence. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

/** HTML of a page. @param linkTo what stands for a link in the site; the same for pictures */
export function render(text: string, linkTo: (link: string) => string): Rendered {
  const tokens = markdown.parse(text.replaceAll(/<!--[\s\S]*?-->/g, ''), {});
  const links: string[] = [];
  const sections: { level: number; text: string; anchor: string; words: string }[] = [];
  const taken = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const heading = plainText(tokens[index + 1]);
      const anchor = distinct(anchorOf(heading), taken);
      token.attrSet('id', anchor);
      sections.push({ level: Number(token.tag.slice(1)), text: heading, anchor, words: '' });
    }
    const section = sections.at(-1);
    const isHeading = tokens[index - 1]?.type === 'heading_open';
    if (section !== undefined && !isHeading && (token.type === 'inline' || token.type === 'fence' || token.type === 'code_block')) section.words += ` ${plainText(token)}`;
    for (const child of token.children ?? []) {
      const name = child.type === 'link_open' ? 'href' : child.type === 'image' ? 'src' : null;
      if (name === null) continue;
      const link = decoded(String(child.attrGet(name) ?? ''));
      links.push(link);
      child.attrSet(name, linkTo(link));
    }
  }
  return { html: reachable(markdown.renderer.render(tokens, markdown.options, {})), title: sections[0]?.text ?? '', sections, links };
}

/** What may be wider than the window can be scrolled by the keyboard. */
function reachable(html: string): string {
  return html.replaceAll('<pre>', '<pre tabindex="0">').replaceAll('<table>', '<div class="wide" tabindex="0"><table>').replaceAll('</table>', '</table></div>');
}

/** The blocks of code of a page, fenced or indented. */
export function codeBlocks(text: string): readonly CodeBlock[] {
  return markdown
    .parse(text, {})
    .filter(({ type }) => type === 'fence' || type === 'code_block')
    .map(({ info, content, map, type }) => ({ language: info.trim().split(/\s/)[0] ?? '', text: content, line: (map?.[0] ?? 0) + (type === 'fence' ? 2 : 1) }));
}

/** What stands in backquotes within the text of a page. */
export function codeSpans(text: string): readonly string[] {
  return markdown.parse(text, {}).flatMap(({ children }) => (children ?? []).filter(({ type }) => type === 'code_inline').map(({ content }) => content));
}

function plainText(token: Token | undefined): string {
  if (token === undefined) return '';
  if (token.type !== 'inline') return token.content;
  return (token.children ?? []).map((child) => (child.type === 'softbreak' ? ' ' : child.content)).join('');
}

/** As GitHub makes it: lower case, no punctuation, a dash for each space. */
function anchorOf(heading: string): string {
  return heading.trim().toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
}

function distinct(anchor: string, taken: Map<string, number>): string {
  const before = taken.get(anchor);
  taken.set(anchor, (before ?? -1) + 1);
  return before === undefined ? anchor : `${anchor}-${before + 1}`;
}

function decoded(link: string): string {
  return /^[a-z]+:/.test(link) ? link : decodeURIComponent(link);
}
