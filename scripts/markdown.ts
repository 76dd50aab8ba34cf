import type { Revision } from '../src/wire/versions.ts';

/** Parts of generated documents. */

export function code(text: string): string {
  return `\`${text}\``;
}

export function codes(texts: readonly string[]): string {
  return texts.map(code).join(', ');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
}

/** "12+", "–19", "18–20", or nothing for what every version knows. */
export function span({ since, until }: { readonly since?: Revision; readonly until?: Revision }): string {
  if (since !== undefined && until !== undefined) return since === until ? `${since}` : `${since}–${until}`;
  if (since !== undefined) return `${since}+`;
  return until === undefined ? '' : `–${until}`;
}
