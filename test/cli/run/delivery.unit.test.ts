import { describe, expect, test } from 'vitest';
import { deliver, jsonPrinter, plainPrinter, type Printer, type Undelivered, type Write } from '../../../src/cli/run/files/delivery.ts';

/** What the tasks wrote, by id; undefined is gone, an error is one that reading meets. */
type Files = Readonly<Record<string, readonly Buffer[] | undefined | Error>>;

function texts(count: number): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${String(index).padStart(4, '0')}`, [Buffer.from(`${index}\n`)]]));
}

async function* piecesOf(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

/** Delivers and says what came out, and how many files were open at a time. */
async function delivered(files: Files, printerOf: (write: Write) => Printer): Promise<{ output: Buffer; undelivered: Undelivered; mostOpen: number }> {
  const chunks: Buffer[] = [];
  let open = 0;
  let mostOpen = 0;
  const undelivered = await deliver({
    taskIds: Object.keys(files),
    open: async (taskId) => {
      const file = files[taskId];
      if (file instanceof Error) throw file;
      if (file === undefined) return undefined;
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      return (async function* () {
        yield* piecesOf(file);
        open -= 1;
      })();
    },
    printer: printerOf(async (piece) => chunks.push(Buffer.from(piece)) > 0),
  });
  return { output: Buffer.concat(chunks), undelivered, mostOpen };
}

function plain(write: Write): Printer {
  return plainPrinter(write, false);
}
function json(write: Write): Printer {
  return jsonPrinter(write);
}

describe('the stdout of tasks', () => {
  test('comes whole and in order, of a thousand tasks too, a few open at a time', async () => {
    const { output, undelivered, mostOpen } = await delivered(texts(1000), plain);
    expect(output.toString()).toBe(Array.from({ length: 1000 }, (_, index) => `${index}\n`).join(''));
    expect(undelivered.taskIds).toEqual([]);
    expect(mostOpen).toBeLessThanOrEqual(9);
  });

  test('comes byte for byte; a line without an end gets one only before the next task', async () => {
    const bytes = Buffer.from([0, 255, 128, 10, 65]);
    expect((await delivered({ a: [bytes] }, plain)).output).toEqual(bytes);
    expect((await delivered({ a: [Buffer.from('x')], b: [Buffer.from('y\n')], c: [Buffer.from('z')] }, plain)).output.toString()).toBe('x\ny\nz');
  });

  test('as JSON is one object, in pieces that cut characters and quotes in two', async () => {
    const euro = Buffer.from('"€"\n');
    const { output, undelivered } = await delivered({ a: [...euro].map((byte) => Buffer.from([byte])), b: [] }, json);
    expect(JSON.parse(`{${output.toString()}}`)).toEqual({ a: '"€"\n', b: '' });
    expect(undelivered.taskIds).toEqual([]);
  });

  test('as JSON that is not UTF-8 is not called delivered', async () => {
    const { output, undelivered } = await delivered({ a: [Buffer.from([0xe9])], b: [Buffer.from([0xe2, 0x82])], c: [Buffer.from('c')] }, json);
    expect(JSON.parse(`{${output.toString()}}`)).toMatchObject({ c: 'c' });
    expect(undelivered.taskIds).toEqual(['a', 'b']);
  });

  test('that a node no longer has is told, and the others come', async () => {
    const { output, undelivered } = await delivered({ a: undefined, b: [Buffer.from('b\n')] }, plain);
    expect(output.toString()).toBe('b\n');
    expect(undelivered).toEqual({ taskIds: ['a'], reason: 'its node no longer has it' });
  });

  test('that cannot be read is told; of a service that is away nothing more is asked', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect((await delivered({ a: [Buffer.from('a')], b: new Error('broken'), c: [Buffer.from('c')] }, plain)).undelivered.taskIds).toEqual(['b']);
    expect((await delivered({ a: [Buffer.from('a')], b: refused, c: [Buffer.from('c')] }, plain)).undelivered.taskIds).toEqual(['b', 'c']);
  });
});
