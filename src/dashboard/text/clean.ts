/** What people and programs wrote, so that nothing in it moves, hides or turns around what stands beside it. */

/** Control characters but newline and tab; marks that turn text around, are not seen, or end a line. */
// oxlint-disable-next-line no-control-regex -- these are looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
/** Pictures of the first 32 control characters stand there in Unicode, in their order. */
const PICTURES = 0x2400;
const DELETE = 0x7f;

/** Control characters as their pictures, `␛`; others that are not seen by their number, `⟨U+202E⟩`. */
export function shown(text: string): string {
  return text.replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(PICTURES + code);
    if (code === DELETE) return '␡';
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

/** On one line. */
export function shownInLine(text: string): string {
  return shown(text).replaceAll('\n', '␊').replaceAll('\t', ' ');
}

/** Cut in the middle: ids differ at their ends. */
export function cut(text: string, most = 80): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return `${letters.slice(0, most - 1 - end).join('')}…${letters.slice(-end).join('')}`;
}

/** A node's id without what all of them begin with: its first and last letters. */
export function shortNode(id: string): string {
  const own = id.replace(/^tvmps?_/i, '').replace(/_[dp]$/, '');
  return own.length <= 9 ? own : `${own.slice(0, 4)}…${own.slice(-4)}`;
}

/** A sentence of the service, its nodes' ids shortened. */
export function sentence(text: string): string {
  return shown(text.replaceAll(/tvmps?_[0-9a-z]{16,}_[dp]/gi, (id) => shortNode(id)));
}

/** As a word of a POSIX shell. */
export function quotedForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A cell of a CSV; spreadsheets take what begins so for a formula. */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
