import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createAudit } from '../../src/api/audit.ts';
import type { Parts } from '../../src/api/call.ts';
import type { ManagementParts } from '../../src/api/management/call.ts';
import { createManagementPlane } from '../../src/api/management/plane.ts';
import { serve } from '../../src/api/plane.ts';
import { logAnswer, type Answered } from '../../src/api/requestLog.ts';
import { Waits } from '../../src/api/waits.ts';
import { loggedError } from '../../src/loggedError.ts';
import { BatchError } from '../../src/wire/errors.ts';
import { managementParts } from './management/support.ts';

type Line = Readonly<Record<string, unknown>>;

function told(level: string, tell: (log: pino.Logger) => void): Line[] {
  const lines: Line[] = [];
  const options = { level, base: null, timestamp: false, formatters: { level: (label: string) => ({ level: label }) }, serializers: { error: loggedError } };
  tell(pino(options, { write: (line) => void lines.push(JSON.parse(line) as Line) }));
  return lines;
}

function answered(more: Partial<Answered>): Answered {
  return { requestId: 'r', method: 'GET', path: '/jobs/j', status: 200, thrown: undefined, tookMs: 12.4, waitedMs: 0, ...more };
}
function line(level: string, msg: string, more: Line): Line {
  return { level, requestId: 'r', method: 'GET', path: '/jobs/j', tookMs: 12, msg, ...more };
}
function failure(code: string): Error {
  return Object.assign(new Error('it broke'), { code, detail: 'a secret row' });
}

describe('the log of requests', () => {
  it.each<[string, Partial<Answered>, Line[]]>([
    ['an answer that is as it should be', {}, []],
    ['a refusal of what the client did', { status: 404, thrown: new BatchError('JobNotFound') }, []],
    ['a fault of ours', { status: 500, thrown: failure('XX000') }, [line('error', 'request failed', { status: 500, error: { type: 'Error', message: 'it broke', code: 'XX000', stack: expect.stringContaining('it broke') } })]],
    ['an answer that came too late', { status: 500, thrown: new BatchError('OperationTimedOut') }, [line('error', 'request failed', { status: 500, code: 'OperationTimedOut' })]],
    ['what is not served', { status: 501, thrown: new BatchError('NotImplemented') }, [line('warn', 'request failed', { status: 501, code: 'NotImplemented' })]],
    ['a database that is away', { status: 503, thrown: failure('ECONNREFUSED') }, [line('warn', 'request failed', { status: 503, reason: 'the database cannot be reached' })]],
    ['a full disk', { status: 503, thrown: failure('ENOSPC') }, [line('warn', 'request failed', { status: 503, reason: 'there is no room to write' })]],
    ['a slow one', { tookMs: 1_400, waitedMs: 300 }, [line('warn', 'slow request', { status: 200, tookMs: 1_400, waitedMs: 300 })]],
    ['one that waited for others', { tookMs: 5_400, waitedMs: 5_000 }, []],
  ])('at the usual level has for %s what somebody should know', (_what, request, lines) => {
    expect(told('info', (log) => logAnswer(log, answered(request)))).toEqual(lines);
  });

  it('at level debug has all of them, without what may be signed', () => {
    const lines = told('debug', (log) => {
      logAnswer(log, answered({ path: '/jobs/j?sig=secret' }));
      logAnswer(log, answered({ status: 404, path: '/container/blob%3Fsig%3Dsecret', thrown: new BatchError('JobNotFound') }));
    });
    expect(lines).toEqual([line('debug', 'request answered', { status: 200 }), line('debug', 'request answered', { status: 404, path: '/container/blob', code: 'JobNotFound' })]);
  });

  it('names a request as its client does', async () => {
    const clock = { now: 0 };
    let headers: Readonly<Record<string, string>> = {};
    const lines: Line[] = [];
    const log = pino({ level: 'debug' }, { write: (text) => void lines.push(JSON.parse(text) as Line) });
    const service = {
      planes: [createManagementPlane({ parts: { data: {} as Parts } as ManagementParts, audit: createAudit({ info: () => undefined }, () => undefined), ...managementParts().authority })],
      clock: () => 0,
      monotonic: () => {
        clock.now += 40;
        return clock.now;
      },
      log,
      observe: () => undefined,
    };
    const message = { method: 'GET', headers: { host: 'here:1' } } as unknown as IncomingMessage;
    ({ headers } = await serve(service, { message, rawUrl: '/subscriptions/s/x?api-version=2024-07-01&sig=secret', scheme: 'http', gone: new AbortController().signal }));
    expect(lines).toMatchObject([{ requestId: headers['request-id'], method: 'GET', path: '/subscriptions/s/x', status: 404, tookMs: 40 }]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});

describe('what a request waits for', () => {
  it('is counted, whether it comes or not: owner, end of a task, files', async () => {
    const clock = { now: 0 };
    const after = async <Result>(ms: number, result: () => Result): Promise<Result> => {
      await Promise.resolve();
      clock.now += ms;
      return result();
    };
    const swept: number[] = [];
    const error = { kind: 'error', code: 'Failed', message: 'no' } as const;
    const parts = {
      wake: { wake: () => after(100, () => undefined), sweep: (account: number) => swept.push(account), ended: () => after(5_000, () => Promise.reject(new Error('given up'))) },
      files: { ask: () => after(20, () => error), read: () => after(3, () => error) },
    } as unknown as Parts;
    const waits = new Waits(() => clock.now);
    const { wake, files } = waits.countedIn(parts);
    const { signal } = new AbortController();
    await wake.wake(1);
    await expect(wake.ended(1, 2, 3, signal)).rejects.toThrow('given up');
    await files.ask(1, 2, { kind: 'list', path: '', recursive: false } as never, signal);
    await files.read(1, 2, {} as never, signal);
    wake.sweep(7);
    clock.now += 50;
    expect([waits.totalMs, swept]).toEqual([5_123, [7]]);
  });
});
