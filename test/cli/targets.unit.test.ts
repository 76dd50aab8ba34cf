import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { program } from '../../src/cli/program.ts';

/** What is about the service of a data directory, or about that directory itself; all else asks any account. */
const OF_A_DATA_DIRECTORY: ReadonlySet<string> = new Set(['up', 'down', 'restart', 'status', 'env', 'logs', 'demo', 'seed', 'simulate', 'backup', 'restore', 'az', 'az setup', 'az run', 'hosts', 'shell', 'identity approve', 'identity create', 'identity list', 'identity delete', 'identity rotate-keys']);

function leavesOf(command: Command, name = ''): readonly (readonly [name: string, command: Command])[] {
  const inner = command.commands.flatMap((one) => leavesOf(one, `${name} ${one.name()}`.trim()));
  const hasOwn = command.commands.length === 0 || command.options.some(({ long }) => long === '--data-dir');
  return hasOwn && name !== '' ? [...inner, [name, command]] : inner;
}

test.each(leavesOf(program).filter(([name, { options }]) => options.some(({ long }) => long === '--data-dir') && !OF_A_DATA_DIRECTORY.has(name)))('linarite %s asks any account that flags name', (_name, { options }) => {
  expect(options.map(({ long }) => long)).toEqual(expect.arrayContaining(['--endpoint', '--account', '--key-file']));
});
