import { appendFileSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shortenLogs } from '../../../src/cli/service/log/log.ts';

let root: string;
let directory: { logs: string; nodes: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'linarite-log-'));
  directory = { logs: join(root, 'logs'), nodes: join(root, 'nodes') };
  mkdirSync(directory.logs);
  mkdirSync(join(directory.nodes, 'node-1', 'state'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const LONGEST = { partBytes: 100, agentBytes: 50 };

describe('the logs of other processes', () => {
  test('stay short while their writers have them open, with one former file each', () => {
    for (const path of [...['postgres.log', 'blobs.log', 'output.log'].map((name) => join(directory.logs, name)), join(directory.nodes, 'node-1', 'state', 'agent.log')]) {
      const limit = path.endsWith('agent.log') ? LONGEST.agentBytes : LONGEST.partBytes;
      const writer = openSync(path, 'a', 0o600);
      for (let round = 0; round < 3; round += 1) {
        writeSync(writer, 'x'.repeat(3 * limit));
        writeSync(writer, 'the last');
        shortenLogs(directory, LONGEST);
        expect(readFileSync(`${path}.1`, 'utf8')).toBe(`${'x'.repeat(limit - 8)}the last`);
        expect(statSync(path).size).toBe(0);
      }
      writeSync(writer, 'and on');
      closeSync(writer);
      expect(readFileSync(path, 'utf8')).toBe('and on');
    }
  });

  test('that are short are left alone, as are those of nodes that have none', () => {
    mkdirSync(join(directory.nodes, 'node-2'));
    appendFileSync(join(directory.logs, 'postgres.log'), 'short');
    shortenLogs(directory, LONGEST);
    expect(readFileSync(join(directory.logs, 'postgres.log'), 'utf8')).toBe('short');
    expect(statSync(join(directory.logs, 'postgres.log.1'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
