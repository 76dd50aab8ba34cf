import { describe, expect, test } from 'vitest';
import { splitCommandLine } from '../../src/agent/commandLine.ts';

describe('a command line is split without a shell', () => {
  test.each([
    ['/bin/true', ['/bin/true']],
    ['  ls   -l\t/tmp\n', ['ls', '-l', '/tmp']],
    [`/bin/sh -c 'echo "a b"; exit 1'`, ['/bin/sh', '-c', 'echo "a b"; exit 1']],
    [`/bin/bash -c "set -e; echo it's"`, ['/bin/bash', '-c', "set -e; echo it's"]],
    [String.raw`bash -c "echo \"quoted\" \\ \n \$HOME"`, ['bash', '-c', String.raw`echo "quoted" \ \n \$HOME`]],
    [String.raw`cp a\ b 'c\d'`, ['cp', 'a b', String.raw`c\d`]],
    [`echo '' "" x`, ['echo', '', '', 'x']],
    [`echo pre"fix "'ed'`, ['echo', 'prefix ed']],
    ['echo $HOME *.txt > out | cat &', ['echo', '$HOME', '*.txt', '>', 'out', '|', 'cat', '&']],
    [`sh -c 'first\nsecond'`, ['sh', '-c', 'first\nsecond']],
    [String.raw`echo end\ `.trimEnd(), ['echo', 'end\\']],
    ['', []],
    ['   ', []],
  ])('%j', (line, words) => {
    expect(splitCommandLine(line)).toEqual(words);
  });

  test.each([`echo 'open`, `echo "open`, String.raw`echo "open\"`])('%j has a quote that is never closed', (line) => {
    expect(splitCommandLine(line)).toBeNull();
  });
});
