import { describe, expect, test } from 'vitest';
import { isAgentFrame } from '../../src/agent/frameCheck.ts';

const KEY = { job: 1, task: 2, attempt: 1, instance: 0 };
function ended(outcome: unknown) {
  return { kind: 'reports', first: 1, reports: [{ kind: 'ended', end: { key: KEY, startedAt: 1, endedAt: 2, outcome } }] };
}
const FAILURE = { category: 'UserError', code: 'BlobNotFound', message: 'not there', details: [{ name: 'FilePath', value: 'a' }] };
const hello = { kind: 'hello', life: 1, version: '1', ipAddress: '127.0.0.1', held: [{ key: KEY, state: 'started', startedAt: 5 }], startTask: null, ready: true };

describe('a frame of an agent', () => {
  test.each([
    ['a hello of a node with jobs', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: { ...hello, jobs: [1, 2] } }],
    ['a hello', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: hello }],
    ['a hello that says what it answers, also what nobody asks yet', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: hello, answers: ['addUser', 'later'] }],
    ['an answer of a node', { kind: 'answer', request: 'r', answer: { kind: 'done' } }],
    ['the way in to a node', { kind: 'answer', request: 'r', answer: { kind: 'remoteLogin', address: '127.0.0.2', port: 50_000, hostKey: 'ssh-ed25519 AAAA' } }],
    ['a refusal for a reason to come', { kind: 'answer', request: 'r', answer: { kind: 'error', code: 'Later', message: 'x' } }],
    ['an exit', ended({ kind: 'exited', exitCode: 137 })],
    ['an exit of a Windows kind', ended({ kind: 'exited', exitCode: -1073741510 })],
    ['an exit with what was used', ended({ kind: 'exited', exitCode: 0, used: [1, 2, 3, 4, 5, 2 ** 52] })],
    ['a failed upload', ended({ kind: 'uploadFailed', exitCode: 0, failure: FAILURE })],
    ['a kill before anything ran', ended({ kind: 'killed', exitCode: null })],
    ['what a node uses', { kind: 'measured', measure: { overMs: 15_000.5, cpu: { ms: 12.25, cores: 2 }, memoryBytes: 1, diskBytes: 0, io: { readBytes: 0, writeBytes: 1, readOps: 2, writeOps: 3 }, network: { inBytes: 0, outBytes: 1 } } }],
    ['what a node uses that can tell next to nothing', { kind: 'measured', measure: { overMs: 15_000 } }],
    ['nothing new', { kind: 'reports', first: 7, reports: [] }],
    ['an answer about files', { kind: 'fileAnswer', request: 'r', answer: { kind: 'error', code: 'FileNotFound', message: 'x' } }],
  ])('%s is taken', (_what, frame) => expect(isAgentFrame(frame)).toBe(true));

  test.each([
    ['an exit code beyond 32 bits', ended({ kind: 'exited', exitCode: 99_999_999_999 })],
    ['an exit code that is no number', ended({ kind: 'exited', exitCode: '1' })],
    ['use of a try that is not whole', ended({ kind: 'exited', exitCode: 0, used: [1, 2, 3, 4, 5, 6.5] })],
    ['use of a try that lacks something', ended({ kind: 'lost', used: [1, 2, 3, 4, 5] })],
    ['an exit without a code', ended({ kind: 'exited' })],
    ['an outcome that is none', ended({ kind: 'constructor' })],
    ['a failure of no category', ended({ kind: 'notStarted', failure: { ...FAILURE, category: 'x' } })],
    ['an attempt of a broken number', { kind: 'reports', first: 1, reports: [{ kind: 'started', key: { ...KEY, task: 1.5 }, at: 1 }] }],
    ['an instant that is none', { kind: 'reports', first: 1, reports: [{ kind: 'started', key: KEY, at: null }] }],
    ['reports that are no list', { kind: 'reports', first: 1, reports: {} }],
    ['a hello within reports', { kind: 'reports', first: 1, reports: [hello] }],
    ['a life that no row can hold', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: { ...hello, life: 2 ** 40 } }],
    ['jobs that are no numbers', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: { ...hello, jobs: ['1'] } }],
    ['use within no time', { kind: 'measured', measure: { overMs: 0 } }],
    ['use within ages', { kind: 'measured', measure: { overMs: 1e12 } }],
    ['use of less than nothing', { kind: 'measured', measure: { overMs: 1, memoryBytes: -1 } }],
    ['use that is no number', { kind: 'measured', measure: { overMs: 1, cpu: { ms: '1', cores: 1 } } }],
    ['use of no core', { kind: 'measured', measure: { overMs: 1, cpu: { ms: 1, cores: 0 } } }],
    ['half of what disks did', { kind: 'measured', measure: { overMs: 1, io: { readBytes: 1, writeBytes: 1 } } }],
    ['a way in by no port', { kind: 'answer', request: 'r', answer: { kind: 'remoteLogin', address: '127.0.0.2', port: 70_000, hostKey: 'x' } }],
    ['answers that are no words', { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0, report: hello, answers: [1] }],
    ['no object', 'hello'],
    ['a kind of nobody', { kind: 'toString' }],
  ])('%s is refused', (_what, frame) => expect(isAgentFrame(frame)).toBe(false));
});
