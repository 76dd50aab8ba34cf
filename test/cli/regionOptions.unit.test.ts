import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { decideRegion, isRegion, otherRegion, regionFlags, regionOptions } from '../../src/cli/service/regionOptions.ts';

function read(...words: string[]): Record<string, unknown> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of regionOptions()) command.addOption(option);
  return command.parse(words, { from: 'user' }).opts();
}

describe('a region', () => {
  test.each(['eastus', 'East US', 'EASTUS'])('is named %s', (name) => expect(read('--region', name)).toEqual({ region: 'eastus' }));

  test.each([['--region', 'atlantis'], ['--region', 'east-us'], ['--region', ''], ['--accounts-per-region', '0'], ['--accounts-per-region', 'many'], ['--subscription-cores', '-1']])('refuses %s %s', (...words) => {
    expect(() => read(...words)).toThrow(/argument/);
  });

  test('and its quotas stay over a restart, and another one than the service has is told', () => {
    const options = decideRegion({ subscriptionCores: 4 }, { region: 'eastus', subscriptionCores: 8 });
    expect(options).toEqual({ region: 'eastus', subscriptionCores: 4 });
    expect(regionFlags(options)).toEqual(['--region', 'eastus', '--subscription-cores', '4']);
    expect(otherRegion({ region: 'westus', accountsPerRegion: 2, subscriptionCores: 4 }, options)).toEqual(['with --region eastus', 'without --accounts-per-region']);
    expect([isRegion(options), isRegion({}), isRegion({ region: 1 })]).toEqual([true, true, false]);
  });
});
