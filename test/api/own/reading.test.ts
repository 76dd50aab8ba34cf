import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FileProperties, NodeFiles } from '../../../src/ports.ts';
import { statuses } from '../statuses.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';

const HOSTILE = '<script>alert(1)</script>\u001b]8;;http://x\u0007\u202eevil & "quoted"';
const STDERR = `first\n${HOSTILE}\nerror: twice an error\ncurl: https://a.blob/c/b?sv=1&sig=heardInStderr%3D failed\n`;
/** Its end, as it is shown, begins within a signature. */
const LONG_STDERR = `${'first '.repeat(200)}https://a.blob/c?sig=${'cutInTwo'.repeat(10)}\n${'x'.repeat(4_096 - 20)}\n`;

/** A node whose every file is `STDERR`, but those of one task. */
const files: NodeFiles = {
  ask: (_account, _node, ask) => Promise.resolve({ kind: 'properties', file: fileAt('path' in ask ? ask.path : '') }),
  read: (_account, _node, { path, start, end }) => Promise.resolve({ kind: 'file', file: fileAt(path), body: Readable.from([...Buffer.from(contentOf(path)).subarray(start, (end ?? contentOf(path).length * 2) + 1)].map((byte) => Buffer.from([byte]))) }),
};
function contentOf(path: string): string {
  return path.includes('/long/') ? LONG_STDERR : STDERR;
}
function fileAt(name: string): FileProperties {
  return { name, isDirectory: false, sizeBytes: Buffer.byteLength(contentOf(name)), modifiedAt: 0, createdAt: null, mode: '0o100644' };
}

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ files });
  const set = statuses(it.pool);
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_a1_v2', virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId } } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'P' } } });
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: [{ id: 'ok', commandLine: 'x' }, { id: 'bad', commandLine: `<img onerror=x> curl 'https://a.blob/c/b?sig=heardInCommand%3D' ${HOSTILE}` }, { id: 'long', commandLine: 'x' }] } });
  it.now.value += 60_000;
  const node = await set.node('P', { id: 'tvmps_1_d' });
  const begun = { state: 'completed', attempt: 1, node, startedAt: it.now.value - 30_000 } as const;
  await set.task('J', 'ok', { ...begun, endedAt: it.now.value - 10_000, exitCode: 0, result: 'success' });
  await set.task('J', 'bad', { ...begun, endedAt: it.now.value - 20_000, exitCode: 3, result: 'failure', retryCount: 2, failure: { category: 'UserError', code: 'FailureExitCode', message: '<b>failed</b> https://a.blob/c/b?sig=heardInFailure' } });
  await set.task('J', 'long', { ...begun, endedAt: it.now.value - 15_000, exitCode: 1, result: 'failure' });
  await set.job('J', { tasks: { active: 0, running: 0, succeeded: 1, failed: 2 } });
});
afterAll(() => it.close());

test('the report of a job has counts, times and what failed with its stderr, and nothing that could run', async () => {
  const { status, headers, text } = await it.ask({ url: '/linarite/jobs/J/report' });
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(text).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`);
  expect(text).toContain('Exit code 3 on tvmps_1_d, after 2 retries: FailureExitCode, &lt;b&gt;failed&lt;/b&gt;');
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;␛]8;;http://x⟨U+0007⟩⟨U+202E⟩evil &amp; &quot;quoted&quot;');
  expect(text).toContain('20 s');
  expect(text, 'where no event is kept, none is waited for').not.toContain('could be read in time');
  expect(text).not.toMatch(/<(?:script|img|b)\b|href|src=/i);
  expect(text).not.toMatch(/[^\n\P{Cc}]|\p{Bidi_Control}/u);
});

test('the report of a job has no secret, whoever asks for it: links are told without their signatures', async () => {
  const { text } = await it.ask({ url: '/linarite/jobs/J/report' });
  for (const where of ['curl &#39;https://a.blob/c/b', 'failed&lt;/b&gt; https://a.blob/c/b', 'https://a.blob/c/b?sv=1&amp;']) expect(text).toContain(where);
  expect(text.match(/sig=\(hidden\)/g)).toHaveLength(3);
  expect(text).toMatch(/… the end of \d+ bytes:\n[^]*x{4000}/);
  expect(text).not.toMatch(/heardIn|cutInTwo/);
});

test('a text is found in a file of a task, from any byte on', async () => {
  const find = async (query: string) => (await it.ask({ url: `/linarite/jobs/J/tasks/bad/files/stderr.txt/find?${query}` })).json;
  const first = Buffer.from(STDERR).indexOf('error');
  expect(await find('text=error')).toEqual({ offsets: [first, Buffer.from(STDERR).lastIndexOf('error')], from: 0, through: Buffer.byteLength(STDERR), size: Buffer.byteLength(STDERR), exact: true });
  expect((await find(`text=error&from=${first + 1}`)).offsets).toHaveLength(1);
  expect(await find('text=error&from=100000')).toMatchObject({ offsets: [], exact: true });
  expect((await find('text=')).values[0].value).toBe('text');
});

test('a file of a task that never ran', async () => {
  await it.ask({ method: 'POST', url: '/jobs/J/tasks', body: { id: 'new', commandLine: 'x' } });
  expect((await it.ask({ url: '/linarite/jobs/J/tasks/new/files/a%2Fb.txt/find?text=x' })).status).toBeGreaterThanOrEqual(400);
});
