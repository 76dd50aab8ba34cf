import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { BadImages, type ReadItem } from '../../nodes/local/images.ts';

/** The list below `images:` of a YAML text, unchecked but for its form. An empty text has none. @throws BadImages */
export function readItems(text: string): readonly ReadItem[] {
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => Math.max(lines.linePos(offset).line, 1);
  const lineOf = (node: unknown): number => lineAt((node as Node | null)?.range?.[0] ?? 0);
  const [fault] = errors;
  if (fault !== undefined) throw new BadImages(lineAt(fault.pos[0]), 'YAML', fault.message);
  if (contents === null) return [];
  const [first, second] = isMap(contents) ? contents.items : [];
  if (first === undefined || !isScalar(first.key) || first.key.value !== 'images') throw new BadImages(lineOf(first?.key ?? contents), 'images', 'the file begins with images:');
  if (second !== undefined) throw new BadImages(lineOf(second.key), String(second.key), 'there is nothing beside images.');
  if (!isSeq(first.value)) throw new BadImages(lineOf(first.value ?? first.key), 'images', 'it is a list, each item of which begins with "- ".');
  return first.value.items.map((item) => {
    if (!isMap(item)) throw new BadImages(lineOf(item), 'images', 'an image has image or container, and root.');
    const properties = item.items.map(({ key, value }) => ({ name: String(key), value: value === null ? null : isScalar(value) ? value.value : undefined, line: lineOf(key) }));
    return { line: lineOf(item), properties };
  });
}
