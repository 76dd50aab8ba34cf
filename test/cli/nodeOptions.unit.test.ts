import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { decideNodes, isNodeOptions, nodeFlags, nodeOptions, type NodeWishes } from '../../src/cli/service/nodeOptions.ts';

function read(...flags: readonly string[]): NodeWishes {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of nodeOptions()) command.addOption(option);
  return command.parse(flags, { from: 'user' }).opts();
}

describe('how nodes of this machine are made', () => {
  test('is told to the process in the background as it was asked for', () => {
    for (const flags of [[], ['--node-limits', 'off']]) {
      const options = decideNodes(read(...flags));
      expect(nodeFlags(options)).toEqual(flags);
      expect(isNodeOptions(options)).toBe(true);
    }
  });

  test('stays as it was unless somebody says otherwise', () => {
    const off = decideNodes(read('--node-limits', 'off'));
    expect(decideNodes({}, off)).toEqual({ limits: false });
    expect(decideNodes(read('--node-limits', 'on'), off)).toEqual({ limits: true });
  });

  test('is no other word', () => {
    expect(() => read('--node-limits', 'maybe')).toThrow('Allowed choices are on, off');
    expect(isNodeOptions({ limits: 'off' })).toBe(false);
  });
});
