import { createHash, type Hash } from 'node:crypto';
import { hiddenIn, hiddenText } from './hiding.ts';

/**
 * A body as a recording has it: JSON without its secrets; text; other bytes as base64; of what is longer than is kept
 * its hash and length.
 */
export type Body = { readonly json: unknown } | { readonly text: string } | { readonly base64: string } | { readonly sha256: string; readonly bytes: number };

/** Most bytes that are kept. JSON is kept whole up to a bound of its own: what clients look for stands in it. */
export interface BodyLimits {
  readonly jsonBytes: number;
  readonly otherBytes: number;
}

/** Hears a body while it passes by. */
export interface BodyCollector {
  add(chunk: Buffer): void;
  /** null: there was none. */
  end(): Body | null;
}

/** `type`: as the header Content-Type has it. */
export function collectBody(type: string | undefined, { jsonBytes, otherBytes }: BodyLimits): BodyCollector {
  const isJson = isJsonType(type);
  const most = isJson ? jsonBytes : otherBytes;
  const hash: Hash = createHash('sha256');
  let kept: Buffer[] = [];
  let bytes = 0;
  return {
    add: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes <= most) kept.push(chunk);
      else kept = [];
    },
    end: () => {
      if (bytes === 0) return null;
      return bytes > most ? { sha256: hash.digest('hex'), bytes } : bodyOf(Buffer.concat(kept), isJson);
    },
  };
}

/** The body of a request or answer that is there as a whole. */
export function wholeBody(type: string | undefined, bytes: Buffer, limits: BodyLimits): Body | null {
  const collector = collectBody(type, limits);
  collector.add(bytes);
  return collector.end();
}

function isJsonType(type: string | undefined): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(type ?? '');
}

function bodyOf(bytes: Buffer, isJson: boolean): Body {
  if (isJson) {
    try {
      return { json: hiddenIn(JSON.parse(bytes.toString('utf8'))) };
    } catch {
      // What is called JSON and is none is a text.
    }
  }
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) && !text.includes('\0') ? { text: hiddenText(text) } : { base64: bytes.toString('base64') };
}

/** The bytes that a recorded body stands for; null: they were not kept. */
export function bytesOfBody(body: Body | null): Buffer | null {
  if (body === null) return Buffer.alloc(0);
  if ('json' in body) return Buffer.from(JSON.stringify(body.json), 'utf8');
  if ('text' in body) return Buffer.from(body.text, 'utf8');
  return 'base64' in body ? Buffer.from(body.base64, 'base64') : null;
}
