import { Readable } from 'node:stream';
import { BatchError, invalidQuery } from '../../../wire/errors.ts';
import type { Found } from '../../../wire/own/found.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import { askWithin } from '../../data/within.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { json } from '../json.ts';
import { readNames, readWhole } from '../queries.ts';
import { Matches } from './matches.ts';

/** A search ends by itself before that, and says how far it has come. */
const TIMEOUT_MS = 60_000;
const SEARCH_MS = 20_000;

export const findOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/jobs/{jobId}/tasks/{taskId}/files/{file}/find', right: 'read', of: 'jobs', timeoutMs: TIMEOUT_MS, run: find },
];

const MOST_OFFSETS = 1_000;
const MOST_BYTES = 1_000;
const LARGEST = 2 ** 50;

/**
 * Looks through the file where it lies, on its node or in the archive, piece by piece. @throws BatchError as reading it
 * does, InvalidQueryParameterValue.
 */
async function find(call: OwnCall, parts: Parts): Promise<Answer> {
  const { text, from: fromText } = readNames(call.query, ['text', 'from']);
  const wanted = Buffer.from(text, 'utf8');
  if (wanted.length === 0 || wanted.length > MOST_BYTES) throw invalidQuery('text', text, `It must have 1 to ${MOST_BYTES} bytes.`);
  const from = readWhole('from', fromText, { least: 0, most: LARGEST, usual: 0 });
  const size = await sizeOf(call, parts);
  if (from >= size) return json(200, { offsets: [], from, through: from, size, exact: true } satisfies Found);
  const { body } = await asked(call, parts, 'File_GetFromTask', { 'ocp-range': `bytes=${from}-${size - 1}` });
  const matches = new Matches(wanted, from, MOST_OFFSETS);
  const isThrough = body === null || (await lookThrough(body, matches, AbortSignal.any([call.signal, parts.timeout(SEARCH_MS)]), call.signal));
  const exact = isThrough && !matches.isFull;
  return json(200, { offsets: matches.offsets, from, through: exact ? size : matches.through, size, exact } satisfies Found);
}

async function sizeOf(call: OwnCall, parts: Parts): Promise<number> {
  const { headers } = await asked(call, parts, 'File_GetPropertiesFromTask', {});
  return Number(headers['content-length'] ?? 0);
}

function asked(call: OwnCall, parts: Parts, operation: 'File_GetFromTask' | 'File_GetPropertiesFromTask', headers: Readonly<Record<string, string>>): Promise<Answer> {
  const { account } = call.principal;
  const params = { jobId: param(call, 'jobId'), taskId: param(call, 'taskId'), filePath: param(call, 'file') };
  return askWithin(account, parts, { operation, params, headers, now: call.now, requestId: '', baseUrl: call.baseUrl, signal: call.signal });
}

/** Whether all has been looked through. Rejects with the reason of `gone`: nobody waits for it any more. */
async function lookThrough(body: string | Readable, matches: Matches, enough: AbortSignal, gone: AbortSignal): Promise<boolean> {
  const stream = typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body;
  try {
    for await (const piece of stream) {
      gone.throwIfAborted();
      if (!(piece instanceof Uint8Array)) throw new BatchError('IOError');
      matches.add(piece);
      if (matches.isFull || enough.aborted) return false;
    }
    return true;
  } finally {
    stream.destroy();
  }
}
