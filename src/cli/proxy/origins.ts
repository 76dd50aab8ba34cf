import { Transform, type TransformCallback } from 'node:stream';

/** Headers of answers that name the service's own address. */
const NAMING: ReadonlySet<string> = new Set(['location', 'dataserviceid', 'content-location', 'azure-asyncoperation', 'operation-location']);

/**
 * Answers name the host that was asked (`odata.nextLink`, `url`, Location): what they name becomes the address of the
 * proxy, or a client would go past it with its next request.
 */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** A header of an answer. */
export function renamedHeader(name: string, value: string, { from, to }: Renaming): string {
  return NAMING.has(name) && isBelow(value, from) ? `${to}${value.slice(from.length)}` : value;
}

/** A text of an answer. */
export function renamedText(text: string, { from, to }: Renaming): string {
  return text.replaceAll(new RegExp(`${from.replaceAll(/[.+^${}()|[\]\\?*/]/g, String.raw`\$&`)}${END.source}`, 'g'), () => to);
}

/** What may follow an origin: a longer host or port is another one. */
const END = /(?![\w.:-])/;

function isBelow(value: string, origin: string): boolean {
  return value.startsWith(origin) && !/^[\w.:-]/.test(value.slice(origin.length));
}

/** The body of an answer as it streams. What may be the beginning of an address waits for the next piece. */
export function renamingStream(renaming: Renaming): Transform {
  const longest = Buffer.byteLength(renaming.from) + 1;
  let rest = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const all = Buffer.concat([rest, chunk]);
      const cut = cutBefore(all, renaming.from, longest);
      rest = all.subarray(cut);
      done(null, renamedBytes(all.subarray(0, cut), renaming));
    },
    flush(done: TransformCallback) {
      done(null, renamedBytes(rest, renaming));
    },
  });
}

/** Where the end is cut off: not within an address, nor right behind one. */
function cutBefore(bytes: Buffer, origin: string, longest: number): number {
  const cut = Math.max(0, bytes.length - longest + 1);
  const last = bytes.lastIndexOf(origin, cut);
  return last >= 0 && last + longest > cut ? last : cut;
}

/** Byte by byte: a piece may begin within a character. */
function renamedBytes(bytes: Buffer, renaming: Renaming): Buffer {
  return Buffer.from(renamedText(bytes.toString('latin1'), renaming), 'latin1');
}
