import { execFileSync } from 'node:child_process';
import { array, assert, constantFrom, oneof, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitCommandLine } from '../../../src/agent/commandLine.ts';
import { joinCommandLine } from '../../../src/cli/run/plan/commandLine.ts';
import { quoteForShell } from '../../../src/base/shellWords.ts';
import { readDuration } from '../../../src/cli/run/plan/options.ts';
import { expand } from '../../../src/cli/run/plan/placeholders.ts';
import { readRows } from '../../../src/cli/run/plan/rows.ts';

const word = oneof(
  string({ unit: constantFrom(' ', '\t', '\n', '"', "'", '\\', '$', '`', '*', 'a', 'é', '-', '{', '}') }),
  string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
);

describe('a command line', () => {
  test('is split by a node into exactly the words that were given', () => {
    assert(property(tuple(word.filter((text) => text !== ''), array(word)), ([program, rest]) => {
      expect(splitCommandLine(joinCommandLine([program, ...rest]))).toEqual([program, ...rest]);
    }));
  });

  test('leaves plain words as they are', () => {
    expect(joinCommandLine(['ffmpeg', '-i', 'a b.mp4', "it's.avi"])).toBe(`ffmpeg -i 'a b.mp4' "it's.avi"`);
  });

  test('needs a program', () => {
    expect(() => joinCommandLine([])).toThrow('no program');
    expect(() => joinCommandLine(['', 'x'])).toThrow('no program');
  });

  test('refuses what no program can be given', () => {
    expect(() => joinCommandLine(['echo', 'a\0b'])).toThrow('NUL');
  });

  test('values are the same words again to a shell', () => {
    const words = ['plain', 'two words', `it's "both" \\ $HOME \`id\``, '', '*', 'new\nline'];
    const script = words.map((each) => `printf '%s\\0' ${quoteForShell(each)}`).join('; ');
    expect(execFileSync('/bin/sh', ['-c', script]).toString().split('\0').slice(0, -1)).toEqual(words);
  });
});

describe('placeholders', () => {
  const values = new Map([['stem', 'clip'], ['index', '3']]);
  test.each([
    ['{stem}.avi', 'clip.avi'],
    ['{stem}-{index}', 'clip-3'],
    ['{{stem}}', '{stem}'],
    ['${stem}', '${stem}'],
    ['{ print $1 }', '{ print $1 }'],
    ['{"a": {}}', '{"a": {}}'],
  ])('%s becomes %s', (text, becomes) => {
    expect(expand(text, values)).toBe(becomes);
  });

  test('an unknown one is refused and the known ones are named', () => {
    expect(() => expand('{steam}.avi', values)).toThrow('{steam} stands for nothing here; known are {stem} {index}');
  });

  test('a value that looks like a placeholder is not expanded again', () => {
    expect(expand('{stem}', new Map([['stem', '{index}'], ['index', '1']]))).toBe('{index}');
  });
});

describe('rows', () => {
  const plain = (rows: ReturnType<typeof readRows>): Record<string, string>[] => rows.map((row) => Object.fromEntries(row));

  test('of a CSV file with quotes, delimiters and line ends inside', () => {
    expect(plain(readRows('name,text\r\na,"x, ""y"""\r\n\r\nb,"two\nlines"\r\nc,""', 'r.csv'))).toEqual([
      { name: 'a', text: 'x, "y"' },
      { name: 'b', text: 'two\nlines' },
      { name: 'c', text: '' },
    ]);
  });

  test('of a TSV file with a byte order mark', () => {
    expect(plain(readRows('\uFEFFa\tb\n1\t2\n', 'r.TSV'))).toEqual([{ a: '1', b: '2' }]);
  });

  test('of JSON lines', () => {
    expect(plain(readRows('{"rate":0.5,"name":"x","on":true,"none":null}\n\n{"rate":2}\n', 'r.jsonl'))).toEqual([{ rate: '0.5', name: 'x', on: 'true', none: '' }, { rate: '2' }]);
  });

  test.each([
    ['a,b\n1\n', 'r.csv', 'r.csv:2: 1 values for 2 columns'],
    ['a,b\n1,"x\n', 'r.csv', 'r.csv:2: a quote is never closed'],
    ['a,a\n1,2\n', 'r.csv', 'two columns are called "a"'],
    ['a, a\n1,2\n', 'r.csv', 'two columns are called "a"'],
    ['task,rate\nx,2\n', 'r.csv', "{task} is the task's own"],
    ['{"index":7}\n', 'r.jsonl', "{index} is the task's own"],
    ['a,b\n', 'r.csv', 'r.csv has no rows'],
    ['{"a":1}\n[1]\n', 'r.jsonl', 'r.jsonl:2: a row is an object'],
    ['{"a":{}}', 'r.jsonl', 'r.jsonl:1: a is neither text'],
    ['nonsense', 'r.jsonl', 'r.jsonl:1: not JSON'],
    ['a\n1', 'r.xlsx', 'rows are read from .csv'],
  ])('%j in %s is refused: %s', (text, file, message) => {
    expect(() => readRows(text, file)).toThrow(message);
  });
});

describe('times', () => {
  test.each([
    ['90s', 'PT90S'],
    ['30min', 'PT1800S'],
    ['1h30m', 'PT5400S'],
    ['2days 4h', 'PT187200S'],
    ['0.5h', 'PT1800S'],
    ['pt5m', 'PT5M'],
    ['P1DT2H', 'P1DT2H'],
  ])('%s is %s', (text, iso) => {
    expect(readDuration(text, '--max-time')).toBe(iso);
  });

  test.each(['', '90', 'soon', '1 fortnight', '0s', '1h and more', 'PT'])('%j is refused', (text) => {
    expect(() => readDuration(text, '--max-time')).toThrow('write a time like');
  });
});
