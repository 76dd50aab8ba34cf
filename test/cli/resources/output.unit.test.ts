import { describe, expect, test } from 'vitest';
import { NOUNS, type Item } from '../../../src/cli/resources/nouns.ts';
import { printList, printValue, type Format } from '../../../src/cli/resources/output.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const TASKS: readonly Item[] = [
  { id: 't1', state: 'completed', commandLine: 'a\nb', executionInfo: { exitCode: 0, result: 'success', retryCount: 0, startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-01T00:00:03.25Z' } },
  { id: 'long-name', state: 'completed', commandLine: '\u001b]8;;http://x\u0007\u202efdp', executionInfo: { exitCode: 137, result: 'failure', retryCount: 2, startTime: '2026-01-01T00:08:00Z' }, nodeInfo: { nodeId: 'n' } },
];

async function listed(output: Format, query?: string, pages: readonly (readonly Item[])[] = [TASKS]): Promise<string> {
  const lines: string[] = [];
  async function* found(): AsyncGenerator<readonly Item[]> {
    yield* pages;
  }
  await printList(found(), { output, ...(query === undefined ? {} : { query }) }, { columns: NOUNS.task.columns, now: NOW, print: (line) => lines.push(line) });
  return lines.join('\n');
}
async function shown(value: unknown, output: Format, query?: string): Promise<string> {
  const lines: string[] = [];
  await printValue(value, { output, ...(query === undefined ? {} : { query }) }, { print: (line) => lines.push(line) });
  return lines.join('\n');
}

describe('a list', () => {
  test('is a table whose columns fit, in which what steers a terminal is shown', async () => {
    expect(await listed('table')).toBe(
      [
        'TASK       STATE      EXIT  RETRIES  NODE  RAN    COMMAND',
        't1         completed  0     0              3.3 s  a b',
        'long-name  failed     137   2        n     2 min  \u241b]8;;http://x\u241b\u241bfdp',
      ].join('\n'),
    );
  });

  test.each(['a\nb', 'a\u001B]0;x', 'a\u202Efdp', 'a\u200Fb', 'a\u061Cb', 'a\u009B1m'])('shows on one line the name %j', async (name) => {
    const table = await listed('table', undefined, [[{ id: name }]]);
    expect(table.split('\n')).toHaveLength(2);
    expect(table.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(table).toContain('a\u241B');
  });

  test('has its heading once, whatever its pages', async () => {
    expect((await listed('table', undefined, [TASKS.slice(0, 1), TASKS.slice(1)])).match(/TASK/g)).toHaveLength(1);
    expect(await listed('table', undefined, [])).toBe('');
  });

  test('is ids, lines of JSON, one JSON or YAML', async () => {
    expect(await listed('id')).toBe('t1\nlong-name');
    expect((await listed('jsonl')).split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(TASKS);
    expect(JSON.parse(await listed('json', undefined, [TASKS.slice(0, 1), TASKS.slice(1)]))).toEqual(TASKS);
    expect(await listed('yaml')).toMatch(/^- id: t1\n {2}state: completed\n/);
    expect(await listed('json', undefined, [])).toBe('[]');
  });

  test('is what a query makes of it, as az has it', async () => {
    expect(JSON.parse(await listed('json', "[?executionInfo.exitCode!=`0`].{task:id, exit:executionInfo.exitCode}"))).toEqual([{ task: 'long-name', exit: 137 }]);
    expect(await listed('table', '[].{task:id, exit:executionInfo.exitCode}')).toBe('task       exit\nt1         0\nlong-name  137');
    expect(await listed('id', '[].commandLine | [0]')).toBe('a\nb');
    expect(await listed('table', 'length(@)')).toBe('2');
  });

  test('says what is wrong with a query', async () => {
    await expect(listed('json', '[?')).rejects.toThrow('--query [? is no JMESPath');
  });
});

test('one resource is a line for each of its values', async () => {
  expect(await shown({ id: 'p', 'odata.metadata': 'x', nested: { list: [1, 2], of: [{ name: 'a' }] } }, 'table')).toBe(['id                 p', 'nested.list        [1,2]', 'nested.of[0].name  a'].join('\n'));
});
