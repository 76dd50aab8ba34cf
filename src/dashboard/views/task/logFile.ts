/** A file of a task as ranges of bytes: a window onto it that grows at both ends and has an end of its own. */
import { ServiceError } from '../../client/failure.ts';
import { send } from '../../client/request.ts';

const BLOCK_BYTES = 64 * 1024;
/** How much of the end of a file is read at first. */
const FIRST_BYTES = 256 * 1024;
const MOST_BYTES = 32 * BLOCK_BYTES;

/** The part of a file that the page has. */
export interface LogPart {
  /** The first byte, and the one after the last. */
  readonly from: number;
  readonly until: number;
  /** Of the whole file, when it was last looked at. */
  readonly size: number;
  readonly bytes: Uint8Array;
  /** The file had become shorter since: it is another one. */
  readonly replaced: boolean;
}

const NOTHING: LogPart = { from: 0, until: 0, size: 0, bytes: new Uint8Array(), replaced: false };

/** How long the file is now. */
async function sizeOf(path: string, signal: AbortSignal): Promise<number> {
  const response = await send(path, { method: 'HEAD', signal });
  return Number(response.headers.get('content-length') ?? response.headers.get('ocp-batch-file-size') ?? 0);
}

async function range(path: string, from: number, until: number, signal: AbortSignal): Promise<Uint8Array> {
  if (until <= from) return new Uint8Array();
  try {
    const response = await send(path, { headers: { 'ocp-range': `bytes=${from}-${until - 1}`, accept: '*/*' }, signal });
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof ServiceError && error.status === 416) return new Uint8Array();
    throw error;
  }
}

/** From a byte on, or the end of the file. */
export async function openLog(path: string, from: number | null, signal: AbortSignal): Promise<LogPart> {
  const size = await sizeOf(path, signal);
  const first = from === null ? Math.max(0, size - FIRST_BYTES) : Math.max(0, Math.min(from, size));
  const bytes = await range(path, first, from === null ? size : Math.min(size, first + FIRST_BYTES), signal);
  return { ...NOTHING, from: first, until: first + bytes.length, size, bytes };
}

/** What has come since; from its beginning if the file is another one. */
export async function grown(path: string, part: LogPart, signal: AbortSignal): Promise<LogPart> {
  const size = await sizeOf(path, signal);
  if (size < part.size) return { ...(await openLog(path, null, signal)), replaced: true };
  if (size === part.size) return part;
  // What lies between is read when somebody goes there.
  if (part.until < part.size) return { ...part, size };
  const more = await range(path, part.until, Math.min(size, part.until + MOST_BYTES), signal);
  return trimmed({ ...part, size, until: part.until + more.length, bytes: joined(part.bytes, more) }, 'front');
}

/** What stands before. */
export async function earlier(path: string, part: LogPart, signal: AbortSignal): Promise<LogPart> {
  const from = Math.max(0, part.from - BLOCK_BYTES);
  const more = await range(path, from, part.from, signal);
  return trimmed({ ...part, from: part.from - more.length, bytes: joined(more, part.bytes) }, 'back');
}

/** What stands after, where the part is not at the end. */
export async function later(path: string, part: LogPart, signal: AbortSignal): Promise<LogPart> {
  const more = await range(path, part.until, Math.min(part.size, part.until + BLOCK_BYTES), signal);
  return trimmed({ ...part, until: part.until + more.length, bytes: joined(part.bytes, more) }, 'front');
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** At most so many blocks stay. */
function trimmed(part: LogPart, side: 'front' | 'back'): LogPart {
  const over = part.bytes.length - MOST_BYTES;
  if (over <= 0) return part;
  return side === 'front' ? { ...part, from: part.from + over, bytes: part.bytes.slice(over) } : { ...part, until: part.until - over, bytes: part.bytes.slice(0, -over) };
}
