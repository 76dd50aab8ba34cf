/** The bytes of a log as lines, each with the place where it begins. */

export interface LogLine {
  /** Of its first byte in the file. */
  readonly at: number;
  readonly text: string;
}

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * `from`: the place of the first byte. A part that begins within a line leaves that line's rest as its first; bytes
 * that are not UTF-8 become the sign for it.
 */
export function linesOf(bytes: Uint8Array, from: number): readonly LogLine[] {
  const decoder = new TextDecoder();
  const lines: LogLine[] = [];
  let begin = 0;
  for (let at = 0; at <= bytes.length; at += 1) {
    const isEnd = at === bytes.length;
    if (!isEnd && bytes[at] !== NEWLINE) continue;
    if (isEnd && begin === at) break;
    const end = bytes[at - 1] === CARRIAGE_RETURN && at > begin ? at - 1 : at;
    lines.push({ at: from + begin, text: lastOf(decoder.decode(bytes.subarray(begin, end))) });
    begin = at + 1;
  }
  return lines;
}

/** What a terminal shows of a line that was written over: a bar of progress. */
function lastOf(text: string): string {
  const at = text.lastIndexOf('\r');
  return at === -1 ? text : text.slice(at + 1);
}

/** Whether most of it is no text. */
export function isBinary(bytes: Uint8Array): boolean {
  const looked = bytes.subarray(0, 4_096);
  return looked.includes(0);
}
