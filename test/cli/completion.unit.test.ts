import { Command } from 'commander';
import { expect, test } from 'vitest';
import { nextOf } from '../../src/cli/completion/words.ts';
import { addResourceCommands } from '../../src/cli/resources/commands.ts';

const program = new Command('linarite');
program.command('explain').argument('<job>').argument('[task]');
program.command('secret', { hidden: true });
addResourceCommands(program);
function words(...typed: readonly string[]): readonly string[] {
  return nextOf(program, typed).words;
}
function ids(...typed: readonly string[]): unknown {
  return nextOf(program, typed).ids;
}

test('commands come first, hidden ones never', () => {
  expect(words('')).toEqual(expect.arrayContaining(['explain', 'pool', 'node', 'job', 'task', 'schedule']));
  expect(words('')).not.toContain('secret');
  expect(words('job', '')).toEqual(expect.arrayContaining(['list', 'show', 'create', 'delete', 'stop', 'wait']));
  expect(words('task', 'file', '')).toEqual(expect.arrayContaining(['list', 'show', 'download', 'delete']));
});

test('options come after a dash, values of one after it', () => {
  expect(words('task', 'list', '--')).toEqual(expect.arrayContaining(['--state', '--failed', '--output', '--query']));
  expect(words('task', 'list', '--')).not.toContain('--job-id');
  expect(words('task', 'list', '-o', '')).toEqual(['table', 'json', 'jsonl', 'yaml', 'id']);
  expect(words('task', 'list', '--query', '')).toEqual([]);
});

test('ids are those of what a word names', () => {
  expect(ids('job', 'show', '')).toEqual({ noun: 'job', parent: undefined });
  expect(ids('task', 'show', '')).toEqual({ noun: 'job', parent: undefined });
  expect(ids('task', 'show', 'j', 't')).toEqual({ noun: 'task', parent: 'j' });
  expect(ids('task', 'terminate', '--yes', 'j', '')).toEqual({ noun: 'task', parent: 'j' });
  expect(ids('task', 'logs', '--tail', '100', 'j', '')).toEqual({ noun: 'task', parent: 'j' });
  expect(ids('node', 'scheduling', 'disable', 'p', '')).toEqual({ noun: 'node', parent: 'p' });
  expect(ids('explain', 'j', '')).toEqual({ noun: 'task', parent: 'j' });
  expect(ids('task', 'create', '')).toEqual({ noun: 'job', parent: undefined });
  expect(ids('job', 'create', '')).toBeNull();
});
