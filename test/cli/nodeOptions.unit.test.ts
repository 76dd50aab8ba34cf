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
    for (const flags of [[], ['--images', '/etc/images.yaml'], ['--node-limits', 'off'], ['--node-isolation', 'network'], ['--node-limits', 'off', '--node-isolation', 'network', '--node-nat', '--node-network', '10.1.0.0/16']]) {
      const options = decideNodes(read(...flags));
      expect(nodeFlags(options)).toEqual(flags);
      expect(isNodeOptions(options)).toBe(true);
    }
  });

  test('stays as it was unless somebody says otherwise', () => {
    const off = decideNodes(read('--node-limits', 'off'));
    expect(decideNodes({}, off)).toEqual({ limits: false, network: 'machine' });
    expect(decideNodes(read('--node-limits', 'on'), off)).toEqual({ limits: true, network: 'machine' });
    const own = decideNodes(read('--node-isolation', 'network', '--node-network', '10.1.0.0/16'));
    expect(decideNodes(read('--node-limits', 'off'), own)).toEqual({ limits: false, network: 'own', cidr: '10.1.0.0/16' });
    expect(decideNodes(read('--node-isolation', 'mounts'), own)).toEqual({ limits: true, network: 'machine' });
    expect(decideNodes(read('--node-limits', 'on'), decideNodes(read('--images', '/a.yaml')))).toEqual({ limits: true, network: 'machine', imagesFile: '/a.yaml' });
  });

  test('is no other word', () => {
    expect(() => read('--node-limits', 'maybe')).toThrow('Allowed choices are on, off');
    expect(() => read('--node-isolation', 'all')).toThrow('Allowed choices are mounts, network');
    for (const text of ['10.1.0.0', '10.1.0.0/30', '10.1.0.0/4', '10.1.0.256/16', 'fd00::/64', '']) expect(() => read('--node-network', text), text).toThrow('no IPv4 network');
    expect(() => decideNodes(read('--node-network', '10.1.0.0/16'))).toThrow('goes with --node-isolation network');
    expect(() => decideNodes(read('--node-nat'))).toThrow('goes with --node-isolation network');
    for (const kept of [{ limits: 'off' }, { limits: true }, { limits: true, network: 'none' }, { limits: true, network: 'own', cidr: 1 }, { limits: true, network: 'own', imagesFile: 1 }, null, 'x']) expect(isNodeOptions(kept)).toBe(false);
  });
});
