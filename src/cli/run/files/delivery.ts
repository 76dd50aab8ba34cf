import { TextDecoder } from 'node:util';
import { RunError, reasonOf } from '../failure.ts';
import { isOutage } from '../account/refusal.ts';

/** Files that are opened ahead of the one that is being written. */
const AHEAD = 8;
const LINE_END = 0x0a;

/**
 * Writes a piece and resolves when there is room for the next; false when nobody reads any more. @throws RunError
 * files, when it cannot be written
 */
export type Write = (piece: string | Uint8Array) => Promise<boolean>;

/** How the stdout of one task after the other is written. */
export interface Printer {
  begin(taskId: string): Promise<boolean>;
  piece(bytes: Buffer): Promise<boolean>;
  /** False when the task wrote more than was written here. */
  end(): Promise<boolean>;
}

export interface Delivery {
  readonly taskIds: readonly string[];
  /** Undefined when the node no longer has the file. */
  readonly open: (taskId: string) => Promise<AsyncIterable<Buffer> | undefined>;
  readonly printer: Printer;
}

/** What could not be delivered. */
export interface Undelivered {
  readonly taskIds: readonly string[];
  readonly reason: string | undefined;
}

/**
 * Writes what tasks have written to stdout, whole and in the order of the tasks, with a bounded part of it in memory.
 */
export async function deliver({ taskIds, open, printer }: Delivery): Promise<Undelivered> {
  const undelivered: string[] = [];
  let reason: string | undefined;
  const ahead: Promise<AsyncIterable<Buffer> | undefined>[] = [];
  for (const [index, taskId] of taskIds.entries()) {
    while (ahead.length < AHEAD && index + ahead.length < taskIds.length) {
      const opening = open(taskIds[index + ahead.length] ?? '');
      // Awaited below; until then nobody hears that it failed.
      opening.catch(() => undefined);
      ahead.push(opening);
    }
    try {
      const pieces = await ahead.shift();
      if (pieces === undefined) {
        undelivered.push(taskId);
        reason ??= 'its node no longer has it';
        continue;
      }
      let wanted = await printer.begin(taskId);
      for await (const piece of pieces) wanted = wanted && (await printer.piece(piece));
      if (!wanted) return { taskIds: undelivered, reason };
      if (!(await printer.end())) {
        undelivered.push(taskId);
        reason ??= 'it is not UTF-8, which JSON cannot hold';
      }
    } catch (error) {
      if (error instanceof RunError) throw error;
      reason = reasonOf(error);
      // Each of the others would be asked for as long.
      if (isOutage(error)) return { taskIds: [...undelivered, ...taskIds.slice(index)], reason };
      undelivered.push(taskId);
    }
  }
  return { taskIds: undelivered, reason };
}

/** As it is, byte for byte; a line that has no end gets one before the next task's, and at the end on a terminal. */
export function plainPrinter(write: Write, isTerminal: boolean): Printer {
  let openLine = false;
  return {
    begin: async () => !openLine || (await write('\n')),
    piece: (bytes) => {
      openLine = bytes.at(-1) !== LINE_END;
      return write(bytes);
    },
    end: async () => {
      if (isTerminal && openLine) {
        await write('\n');
        openLine = false;
      }
      return true;
    },
  };
}

/** As members of a JSON object, id and text, without the braces around them. */
export function jsonPrinter(write: Write): Printer {
  let decoder = lenient();
  let strict = strictly();
  let isText = true;
  let first = true;
  const text = (decoded: string): Promise<boolean> => write(JSON.stringify(decoded).slice(1, -1));
  return {
    begin: async (taskId) => {
      const comma = first ? '' : ',';
      first = false;
      isText = true;
      decoder = lenient();
      strict = strictly();
      return write(`${comma}${JSON.stringify(taskId)}:"`);
    },
    piece: (bytes) => {
      isText &&= decodes(strict, bytes);
      return text(decoder.decode(bytes, { stream: true }));
    },
    end: async () => {
      isText &&= decodes(strict, undefined);
      await text(decoder.decode());
      await write('"');
      return isText;
    },
  };
}

function lenient(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
function strictly(): TextDecoder {
  return new TextDecoder('utf-8', { fatal: true });
}

/** Undefined ends it: then a character that was begun must be whole. */
function decodes(decoder: TextDecoder, bytes: Buffer | undefined): boolean {
  try {
    decoder.decode(bytes, { stream: bytes !== undefined });
    return true;
  } catch {
    return false;
  }
}

/** Writes to standard output or whatever stands in its place. */
export function writeTo(stream: NodeJS.WritableStream): Write {
  return (piece) =>
    new Promise((resolve, reject) => {
      stream.write(piece, (error) => {
        if (error === null || error === undefined) return resolve(true);
        // `linarite run … | head -1`: whoever reads no more is not told more.
        if ('code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')) return resolve(false);
        reject(new RunError('files', `the tasks' stdout cannot be written: ${error.message}`, { cause: error }));
      });
    });
}
