import type { IncomingMessage } from 'node:http';
import { BatchError } from '../wire/errors.ts';
import { LIMITS } from '../wire/limits.ts';
import type { Waits } from './waits.ts';

/**
 * How much of a body that is too large is still taken before the answer, and for how long: a client that is cut off
 * while it sends never reads the 413.
 */
const DRAIN_BYTES = 64 * 1024 * 1024;
const DRAIN_MS = 10_000;

/** The body of one request, which is read once, if at all. */
export class Body {
  readonly #message: IncomingMessage;
  readonly #waits: Waits;
  /** Whether somebody waits for it: it is the client's turn. */
  isAwaited = false;

  /** `waits`: where the time is counted that the client takes to send it. */
  constructor(message: IncomingMessage, waits: Waits) {
    this.#message = message;
    this.#waits = waits;
  }

  /** @throws BatchError of `readJson`. */
  json(): Promise<unknown> {
    return this.#wait(readJson(this.#message, 'required'));
  }

  /** Undefined: there is none. @throws BatchError of `readJson`. */
  jsonIfAny(): Promise<unknown> {
    return this.#wait(readJson(this.#message, 'optional'));
  }

  /** As UTF-8, empty if there is none. @throws BatchError RequestBodyTooLarge, InvalidRequestBody, IOError. */
  text(mostBytes: number = LIMITS.requestBodyBytes): Promise<string> {
    return this.#wait(readText(this.#message, mostBytes));
  }

  /**
   * For operations that take no body. @throws BatchError InvalidRequestBody for one that is not empty, and what
   * `readJson` throws.
   */
  refuse(): Promise<void> {
    return this.#wait(refuseBody(this.#message));
  }

  async #wait<Read>(read: Promise<Read>): Promise<Read> {
    this.isAwaited = true;
    const value = await this.#waits.for(read);
    this.isAwaited = false;
    return value;
  }
}

/**
 * Reads and parses a JSON body. Undefined: the request has none and needs none. At most `limits.requestBodyBytes` are
 * kept, whatever the Content-Length says.
 * @throws BatchError RequestBodyTooLarge (413), MissingContentLengthHeader (411: no length was announced; bodies in
 * chunks were refused before), InvalidRequestBody (not JSON), IOError (the client broke off).
 */
async function readJson(request: IncomingMessage, body: 'required' | 'optional'): Promise<unknown> {
  const { 'content-length': length } = request.headers;
  if (length === undefined) {
    if (body === 'optional') return undefined;
    throw new BatchError('MissingContentLengthHeader');
  }
  const bytes = await readBytes(request, LIMITS.requestBodyBytes);
  if (bytes.length === 0) {
    if (body === 'optional') return undefined;
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The request has no body.' }]);
  }
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    // The parser's message quotes the text, which may hold a credential.
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The body is not JSON.' }]);
  }
}

async function readText(request: IncomingMessage, mostBytes: number): Promise<string> {
  const bytes = await readBytes(request, mostBytes);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The body is not UTF-8.' }]);
  }
}

async function refuseBody(request: IncomingMessage): Promise<void> {
  if (Number(request.headers['content-length'] ?? '0') === 0) return;
  if ((await readBytes(request, LIMITS.requestBodyBytes)).length > 0) throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The operation takes no body.' }]);
}

/** Text that is not UTF-8 is refused; a byte order mark is allowed and dropped. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let timer: NodeJS.Timeout | undefined;
    const refuse = (): void => {
      clearTimeout(timer);
      reject(new BatchError('RequestBodyTooLarge', [{ key: 'MaxLimit', value: String(most) }]));
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      timer ??= setTimeout(refuse, DRAIN_MS);
      if (size > DRAIN_BYTES) refuse();
    });
    request.once('end', () => (size > most ? refuse() : resolve(Buffer.concat(chunks, size))));
    request.once('error', () => {
      clearTimeout(timer);
      reject(new BatchError('IOError'));
    });
  });
}
