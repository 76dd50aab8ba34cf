import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Parts } from '../../src/api/call.ts';
import { createDataPlane } from '../../src/api/data/plane.ts';
import { serve } from '../../src/api/plane.ts';
import { nobody } from './nobody.ts';

function failing(code: string): Error {
  return Object.assign(new Error('no room'), { code });
}

/** The answer to a request that fails at the first look at it: only what an error's answer needs is there. */
function answerTo(error: Error, write: (line: string) => void): ReturnType<typeof serve> {
  const log = pino({}, { write });
  const plane = createDataPlane({ parts: {} as Parts, authorities: nobody, log });
  const service = { planes: [plane], clock: () => 0, monotonic: () => 0, log, observe: () => undefined };
  const message = {
    headers: { host: 'here:1' },
    get method(): string {
      throw error;
    },
  } as unknown as IncomingMessage;
  return serve(service, { message, rawUrl: '/jobs?api-version=2024-07-01.20.0', scheme: 'http', gone: new AbortController().signal });
}

describe('an answer while there is no room on the disk', () => {
  it.each(['53100', '53200', 'ENOSPC', 'EDQUOT'])('is ServerBusy in the form of Batch, with a time to wait (%s)', async (code) => {
    const { status, headers, body } = await answerTo(failing(code), () => undefined);
    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '1', 'request-id': expect.any(String) });
    expect(JSON.parse(String(body))).toMatchObject({ code: 'ServerBusy' });
  });

  it.each([
    ['XX000', 500, 'InternalError'],
    ['53100', 503, 'ServerBusy'],
    ['57P03', 503, 'ServerBusy'],
  ])('is the same when the log throws (%s)', async (code, status, name) => {
    const answer = await answerTo(failing(code), () => {
      throw failing('ENOSPC');
    });
    expect(answer.status).toBe(status);
    expect(JSON.parse(String(answer.body))).toMatchObject({ code: name });
  });
});
