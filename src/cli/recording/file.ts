import { createReadStream, openSync, closeSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { codeOf, messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Exchange, Recording, RecordingHead } from './exchange.ts';

/** A recording that is being written: a line of JSON for its head, and one for each exchange as it ends. */
export interface RecordingWriter {
  /** @throws Error of the file system: a full disk. */
  write(exchange: Exchange): void;
  close(): void;
}

/** Only its owner reads it: what runs in an account is nobody else's business. @throws CommandError usage. */
export function createRecording(file: string, head: RecordingHead): RecordingWriter {
  const opened = openNew(file);
  const line = (value: object): void => writeWhole(opened, Buffer.from(`${JSON.stringify(value)}\n`, 'utf8'));
  line(head);
  return { write: line, close: () => closeSync(opened) };
}

/** A write may take only a part of a long line. */
function writeWhole(file: number, bytes: Buffer): void {
  for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CommandError(EXIT.usage, `${file} is there already: a recording begins a file of its own, so name another one or remove it`);
    throw new CommandError(EXIT.usage, `${file} cannot be written: ${messageOf(error)}`);
  }
}

/** @throws CommandError usage: no file, or none that a proxy has written. */
export async function readRecording(file: string): Promise<Recording> {
  let head: RecordingHead | undefined;
  const exchanges: Exchange[] = [];
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
      number += 1;
      if (line.trim() === '') continue;
      const value = parsed(line, `${file}, line ${number}`);
      if (head === undefined) head = headOf(value, file);
      else exchanges.push(exchangeOf(value, `${file}, line ${number}`));
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${messageOf(error)}`);
  }
  if (head === undefined) throw new CommandError(EXIT.usage, `${file} is empty: linarite proxy --to URL --record FILE writes a recording`);
  return { head, exchanges: exchanges.sort((a, b) => a.number - b.number) };
}

function parsed(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${place} is not JSON: ${messageOf(error)}`);
  }
}

function headOf(value: unknown, file: string): RecordingHead {
  const { linarite, version, to, begun } = recordOf(value);
  if (linarite !== 'recording' || typeof to !== 'string' || !URL.canParse(to) || typeof begun !== 'string') throw new CommandError(EXIT.usage, `${file} is no recording: its first line is not that of linarite proxy --record`);
  if (version !== 1) throw new CommandError(EXIT.usage, `${file} is a recording of version ${String(version)}, and this program reads version 1`);
  return { linarite, version, to, begun };
}

function exchangeOf(value: unknown, place: string): Exchange {
  const { number, at, ms = 0, request, answer } = recordOf(value);
  const { method, path, headers: sent, body: asked = null } = recordOf(request);
  const { status, headers: came, body: answered = null } = recordOf(answer);
  const isWhole = typeof number === 'number' && typeof at === 'string' && typeof ms === 'number' && typeof method === 'string' && typeof path === 'string' && path.startsWith('/') && typeof status === 'number' && areTexts(sent) && areTexts(came) && isBody(asked) && isBody(answered);
  if (!isWhole) throw new CommandError(EXIT.usage, `${place} is no exchange: it has number, at, request (method, path, headers, body) and answer (status, headers, body)`);
  return { number, at, ms, request: { method, path, headers: sent, body: asked }, answer: { status, headers: came, body: answered } };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function areTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
}

function isBody(value: unknown): value is Exchange['answer']['body'] {
  if (value === null) return true;
  const { text, base64, sha256, bytes } = recordOf(value);
  return 'json' in recordOf(value) || typeof text === 'string' || typeof base64 === 'string' || (typeof sha256 === 'string' && typeof bytes === 'number');
}
