import { expect, test } from 'vitest';
import { eventLine } from '../../src/cli/events/line.ts';
import { messagesOf } from '../../src/cli/events/messages.ts';

async function messages(...pieces: string[]) {
  const bytes = new TextEncoder();
  const found = [];
  for await (const message of messagesOf(new ReadableStream({ start: (controller) => (pieces.forEach((piece) => controller.enqueue(bytes.encode(piece))), controller.close()) }))) found.push(message);
  return found;
}

test('events are read however the stream is cut into pieces; what is idle brings an id alone', async () => {
  expect(await messages('retry: 1000\n: hi\n\nid: 1-2\nda', 'ta: {"a":\ndata: 1}\n', '\nid: 1-3\n: nothing new\n\n', 'id: 9\ndata: cut')).toEqual([
    { id: null, data: '' },
    { id: '1-2', data: '{"a":\n1}' },
    { id: '1-3', data: '' },
  ]);
});

test('a line of an event says what happened to what and why, and nothing of it acts on the terminal', () => {
  const time = '2026-11-20T12:00:00Z';
  expect(eventLine({ type: 'linarite.task.failed', time, subject: 'jobs/J/tasks/\u001B[31ma', data: { cause: 'exited', exitCode: 7, attempt: 2, failureInfo: { code: 'FailureExitCode', message: 'it\n\u202Efailed\u200F' }, state: 'completed' } })).toBe(
    '2026-11-20T12:00:00Z task.failed jobs/J/tasks/ [31ma cause=exited exitCode=7 attempt=2 failureInfo=FailureExitCode: it  failed ',
  );
  expect(eventLine({ type: 'linarite.pool.resized', time, subject: 'pools/P', data: { currentDedicatedNodes: 1, errors: [{ code: 'A', message: 'b' }, { code: 'C', message: 'd' }] } })).toContain('currentDedicatedNodes=1 errors=A: b; C: d');
});
