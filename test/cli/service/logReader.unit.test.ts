import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLog, type LogEnd, readLogEnd } from '../../../src/cli/service/log/reader.ts';

let root = '';
let path = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'linarite-logs-'));
  path = join(root, 'service.log');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function end(count: number, isWanted = (_line: string): boolean => true): LogEnd {
  return readLogEnd([path, `${path}.1`], count, isWanted);
}
/** More than is read at once, each line another. */
const MANY = Array.from({ length: 5_000 }, (_, index) => `line ${index} ${'ä'.repeat(index % 50)}`);

describe('the end of a log', () => {
  it.each([1, 2, 4_999, 5_000, 6_000])('is its last %i lines, whatever blocks they are read in', (count) => {
    writeFileSync(path, `${MANY.join('\n')}\n`);
    expect(end(count)).toMatchObject({ lines: MANY.slice(-count), unfinished: '' });
  });

  it('goes on in the former file, counts what is wanted only, and knows what is unfinished', () => {
    writeFileSync(`${path}.1`, 'a\nb\nc\nto');
    writeFileSync(path, 'd\ne\nf');
    expect(end(4)).toMatchObject({ lines: ['c', 'to', 'd', 'e'], unfinished: 'f' });
    expect(end(2, (line) => line < 'd')).toMatchObject({ lines: ['b', 'c'] });
    expect(end(0)).toMatchObject({ lines: [], unfinished: 'f' });
  });

  it('of a log that is not there, or empty, has no lines', () => {
    expect(end(5)).toEqual({ lines: [], unfinished: '', place: undefined });
    writeFileSync(path, '');
    expect(end(5)).toMatchObject({ lines: [], unfinished: '', place: { at: 0 } });
  });
});

/** Lines that come after the end, while one step is taken after each look. */
async function followed(...steps: (() => void)[]): Promise<string[]> {
  const lines: string[] = [];
  const left = [...steps];
  const pause = (): Promise<boolean> => {
    const step = left.shift();
    step?.();
    return Promise.resolve(step !== undefined);
  };
  for await (const news of followLog(path, end(0).place, pause)) lines.push(...news);
  return lines;
}

describe('a log that is followed', () => {
  it('gives whole lines as they come', async () => {
    writeFileSync(path, 'old\nunfin');
    expect(
      await followed(
        () => appendFileSync(path, 'ished\nnext\nha'),
        () => appendFileSync(path, 'l'),
        () => appendFileSync(path, `f\n${MANY.join('\n')}\n`),
      ),
    ).toEqual(['unfinished', 'next', 'half', ...MANY]);
  });

  it('goes on in the new file when the log is moved away, and misses nothing of the old one', async () => {
    writeFileSync(path, 'old\n');
    expect(
      await followed(
        () => {
          appendFileSync(path, 'last\n');
          renameSync(path, `${path}.1`);
          writeFileSync(path, 'first\n');
        },
        () => renameSync(path, `${path}.1`),
        () => writeFileSync(path, 'second\n'),
      ),
    ).toEqual(['last', 'first', 'second']);
  });

  it('is waited for when it is not there yet', async () => {
    expect(await followed(() => undefined, () => writeFileSync(path, 'first\n'))).toEqual(['first']);
  });

  it('forgets a line that found no room and was taken back, and begins again when the file was emptied', async () => {
    writeFileSync(path, 'old\n');
    expect(
      await followed(
        () => appendFileSync(path, 'tor'),
        () => truncateSync(path, 4),
        () => appendFileSync(path, 'whole\n'),
        () => truncateSync(path, 0),
        () => appendFileSync(path, 'new\n'),
      ),
    ).toEqual(['whole', 'new']);
  });
});
