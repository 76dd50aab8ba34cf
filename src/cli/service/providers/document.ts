import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { BadProviders, Mapping } from './place.ts';

/** The mapping that a YAML text is. @throws BadProviders */
export function readMapping(text: string): Mapping {
  const lines = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => Math.max(lines.linePos(offset).line, 1);
  const lineOf = (node: unknown): number => lineAt((node as Node | null)?.range?.[0] ?? 0);
  const [fault] = errors;
  if (fault !== undefined) throw new BadProviders(lineAt(fault.pos[0]), 'YAML', fault.message);
  const valueOf = (node: unknown): unknown => {
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map(valueOf);
    if (isMap(node)) return new Mapping(lineOf(node), node.items.map(({ key, value }) => [String(key), { value: valueOf(value), line: lineOf(key) }] as const));
    return null;
  };
  const read = valueOf(contents);
  if (read instanceof Mapping) return read;
  throw new BadProviders(1, 'providers', 'the file is a mapping with providers, and rules.');
}
