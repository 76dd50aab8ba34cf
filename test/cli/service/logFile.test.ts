import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../../../src/cli/service/log/log.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
let root = '';
let directory = { logs: '', nodes: '' };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'linarite-log-'));
  directory = { logs: join(root, 'logs'), nodes: join(root, 'nodes') };
  mkdirSync(directory.logs);
  mkdirSync(directory.nodes);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function lines(): Record<string, unknown>[] {
  return readFileSync(join(directory.logs, 'service.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the log of the service', () => {
  it('drops the end that a killed service left unfinished', () => {
    writeFileSync(join(directory.logs, 'service.log'), '{"msg":"whole"}\n{"msg":"to');
    const { log, close } = openLog(directory);
    log.info('next');
    close();
    expect(lines().map(({ msg }) => msg)).toEqual(['whole', 'next']);
  });

  it('says levels as words, and of errors message, stack and code without the rows that they quote', () => {
    const { log, close } = openLog(directory);
    const error = Object.assign(new Error('it failed'), { code: '23505', detail: 'Key (secret)=(hidden)' });
    log.error({ error, credential: 'hidden' }, 'first');
    log.warn(error, 'second');
    close();
    expect(lines()).toMatchObject([
      { level: 'error', error: { message: 'it failed', code: '23505', stack: expect.stringContaining('it failed') }, credential: '(secret)' },
      { level: 'warn', msg: 'second', error: { message: 'it failed', code: '23505' } },
    ]);
    expect(readFileSync(join(directory.logs, 'service.log'), 'utf8')).not.toContain('hidden');
  });

  it('never throws once it is closed', () => {
    const { log, close } = openLog(directory);
    close();
    expect(() => log.info('late')).not.toThrow();
  });

  describe.skipIf(!isRoot)('on a full disk (needs root, for a small tmpfs)', () => {
    beforeEach(() => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', directory.logs]);
    });
    afterEach(() => {
      execFileSync('umount', ['-l', directory.logs]);
    });

    it('throws nothing, tears no line, and says how many are missing when there is room again', () => {
      const { log, close } = openLog(directory);
      log.info('before');
      const filler = join(directory.logs, 'filler');
      expect(() => {
        for (;;) appendFileSync(filler, Buffer.alloc(4096));
      }).toThrow(/ENOSPC/);
      for (let number = 0; number < 100; number += 1) log.info({ number, text: 'x'.repeat(300) }, 'while full');
      const whole = lines().length - 1;
      expect(whole).toBeLessThan(100);
      rmSync(filler);
      log.info('after');
      close();
      expect(lines().slice(-2)).toMatchObject([{ level: 'warn', lines: 100 - whole }, { level: 'info', msg: 'after' }]);
    });
  });
});
