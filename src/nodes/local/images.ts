import { readFileSync } from 'node:fs';
import { lowerAscii } from '../../wire/letters.ts';
import type { NodeImage } from '../provider.ts';

/** Where an image is unpacked on this machine. */
export interface ImageRoot {
  /** As `keyOf` names it. */
  readonly key: string;
  /** Absolute. */
  readonly root: string;
  /** In the file. */
  readonly line: number;
}

/** What is wrong with the file: its message begins with line and property. */
export class BadImages extends Error {
  constructor(line: number, property: string, reason: string) {
    super(`line ${line}, ${property}: ${reason}`);
  }
}

const PROPERTIES = ['image', 'root'] as const;
type Property = (typeof PROPERTIES)[number];
type Read = Partial<Record<Property, { readonly value: string; readonly line: number }>>;

/**
 * Reads `images.yaml`: `images:`, and below it a list whose items have an `image` (`publisher:offer:sku[:version]`, the
 * same with slashes, or the resource id of an own image) and a `root`. So much of YAML that this, comments and quotes
 * can be written. Throws BadImages.
 */
export function readImages(text: string): readonly ImageRoot[] {
  const items: { readonly line: number; readonly read: Read }[] = [];
  let hasList = false;
  let indent = 0;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const content = withoutComment(whole);
    if (content.trim() === '' || content === '---') continue;
    if (content.includes('\t')) throw new BadImages(line, 'indentation', 'YAML has no tabs there.');
    if (/^images:\s*(\[\s*\])?$/.test(content)) {
      if (hasList) throw new BadImages(line, 'images', 'it is there already.');
      hasList = true;
      continue;
    }
    const [, spaces = '', dash, name = '', rest = ''] = /^( *)(- +)?([\w-]+):(?: +(.*))?$/.exec(content) ?? [];
    if (!hasList) throw new BadImages(line, name === '' ? content.trim() : name, 'the file begins with images:');
    if (name === '') throw new BadImages(line, content.trim(), 'a line is "- image: …", "image: …" or "root: …".');
    const depth = spaces.length + (dash?.length ?? 0);
    if (dash !== undefined) {
      items.push({ line, read: {} });
      indent = depth;
    }
    const item = items.at(-1);
    if (item === undefined) throw new BadImages(line, name, 'each image of the list begins with "- ".');
    if (depth !== indent) throw new BadImages(line, name, 'the properties of an image begin in the same column.');
    if (!isProperty(name)) throw new BadImages(line, name, `there is no such property; an image has ${PROPERTIES.join(' and ')}.`);
    if (item.read[name] !== undefined) throw new BadImages(line, name, 'it is there already.');
    item.read[name] = { value: scalar(rest, line, name), line };
  }
  return checked(items);
}

function isProperty(name: string): name is Property {
  return PROPERTIES.some((one) => one === name);
}

/** A `#` after a blank, or at the beginning of a line, begins one, but not between quotes. */
function withoutComment(line: string): string {
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '#' && (index === 0 || line[index - 1] === ' ')) return line.slice(0, index).trimEnd();
  }
  return line.trimEnd();
}

function scalar(text: string, line: number, name: string): string {
  const single = /^'((?:[^']|'')*)'$/.exec(text)?.[1];
  if (single !== undefined) return single.replaceAll("''", "'");
  const double = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1];
  if (double !== undefined) return double.replaceAll(/\\(["\\])/g, '$1');
  if (/^["'[\]{}&*!|>%@`]|: | #|:$/.test(text)) throw new BadImages(line, name, `${text} has to be quoted.`);
  if (text === '') throw new BadImages(line, name, 'it has no value.');
  return text;
}

function checked(items: readonly { readonly line: number; readonly read: Read }[]): readonly ImageRoot[] {
  const seen = new Map<string, number>();
  return items.map(({ line, read: { image, root } }) => {
    if (image === undefined) throw new BadImages(line, 'image', 'it is missing.');
    if (root === undefined) throw new BadImages(line, 'root', 'it is missing.');
    const key = namedKey(image.value);
    if (key === null) throw new BadImages(image.line, 'image', `${image.value} is neither publisher:offer:sku[:version] nor the resource id of an image.`);
    const before = seen.get(key);
    if (before !== undefined) throw new BadImages(image.line, 'image', `it is mapped in line ${before} already.`);
    if (!root.value.startsWith('/')) throw new BadImages(root.line, 'root', `${root.value} is no absolute path.`);
    seen.set(key, image.line);
    return { key, root: root.value.replace(/(?<=.)\/+$/, ''), line: root.line };
  });
}

function namedKey(image: string): string | null {
  if (image.startsWith('/')) return keyOf({ kind: 'own', id: image });
  const parts = image.split(image.includes(':') ? ':' : '/');
  const [publisher, offer, sku, version = ANY_VERSION] = parts;
  if (parts.length > 4 || parts.some((part) => part.trim() === '') || publisher === undefined || offer === undefined || sku === undefined) return null;
  return keyOf({ kind: 'marketplace', publisher, offer, sku, version });
}

/** What pools ask for that name none. */
const ANY_VERSION = 'latest';

/** Images are told apart without case, as Azure does. */
function keyOf(image: NodeImage): string {
  return lowerAscii(image.kind === 'own' ? image.id : [image.publisher, image.offer, image.sku, image.version].join(':'));
}

/** The root of an image: of its very version, else of `latest`. null: it is mapped to none. */
export function rootOf(images: readonly ImageRoot[], image: NodeImage | null): string | null {
  if (image === null) return null;
  const keys = [keyOf(image), ...(image.kind === 'marketplace' ? [keyOf({ ...image, version: ANY_VERSION })] : [])];
  for (const key of keys) {
    const found = images.find((one) => one.key === key);
    if (found !== undefined) return found.root;
  }
  return null;
}

/** What nodes run, whatever image their pool names, a sentence. */
export function systemLimit(images: readonly ImageRoot[]): string {
  const but = images.length === 0 ? '' : `, but for the ${images.length} that images.yaml maps`;
  return `Nodes run the system of this machine${machineSystem()}, whatever image their pool names${but}.`;
}

/** As os-release(5) names it. */
function machineSystem(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? '' : `, ${name}`;
  } catch {
    return '';
  }
}
