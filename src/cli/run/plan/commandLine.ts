import { PLAIN_WORD } from '../../../base/shellWords.ts';
import { RunError } from '../failure.ts';

/**
 * One command line that Batch splits back into exactly `argv`. Batch runs it without a shell. Only quoting that every
 * known splitter reads the same way is used: a word in single quotes, or, when it has a single quote itself, in double
 * quotes with \" and \\.
 * @throws RunError usage, when there is no program or a word holds a NUL
 */
export function joinCommandLine(argv: readonly string[]): string {
  if (argv[0] === undefined || argv[0] === '') throw new RunError('usage', 'there is no program to run: give it after --');
  return argv.map(quoteForBatch).join(' ');
}

function quoteForBatch(word: string): string {
  if (word.includes('\0')) throw new RunError('usage', 'a word of the command holds a NUL character, which no program can be given');
  if (PLAIN_WORD.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  return `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** The command line that has bash run a script. */
export function shellCommandLine(script: string): string {
  return joinCommandLine(['/bin/bash', '-c', script]);
}
