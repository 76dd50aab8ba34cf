import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { archiveFlags, archiveOptions, decideArchive, isArchive, sameArchive, type ArchiveWishes } from '../../src/cli/service/archiveOptions.ts';
import { ARCHIVE_SETTINGS } from '../../src/control/archiveSettings.ts';

function read(...flags: string[]): ArchiveWishes {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of archiveOptions()) command.addOption(option);
  return command.parse(flags, { from: 'user' }).opts();
}

describe('what is archived', () => {
  test('is what is asked for, else what held before, else the default', () => {
    expect(decideArchive(read())).toEqual(ARCHIVE_SETTINGS);
    const former = decideArchive(read('--no-archive', '--archive-pattern', 'wd/*.log', '--archive-pattern', 'wd/**', '--archive-max-bytes', '64KB', '--archive-total-bytes', '2GB'));
    expect(former).toEqual({ isOn: false, patterns: ['wd/*.log', 'wd/**'], maxFileBytes: 65_536, maxTotalBytes: 2 << 30 >>> 0 });
    expect(decideArchive(read('--archive', '--archive-pattern', 'x'), former)).toEqual({ ...former, isOn: true, patterns: ['x'] });
  });

  test('is said to the next process as it was understood, and kept in its record', () => {
    const settings = decideArchive(read('--no-archive', '--archive-pattern=-x y', '--archive-max-bytes', '1.3KB'));
    expect(sameArchive(decideArchive(read(...archiveFlags(settings))), settings)).toBe(true);
    expect(isArchive(JSON.parse(JSON.stringify(settings)))).toBe(true);
    expect(isArchive(undefined)).toBe(true);
    expect(isArchive({ ...settings, patterns: [1] })).toBe(false);
  });

  test.each(['/etc/passwd', '../x', 'wd/../../x', '', './x', 'x'.repeat(1_001)])('is no pattern %j', (pattern) => {
    expect(() => read(`--archive-pattern=${pattern}`)).toThrow('a path below the task’s directory');
  });

  test.each(['1', '0KB', '2TB', 'much', '-1MB'])('is no size %j', (size) => {
    expect(() => read(`--archive-max-bytes=${size}`)).toThrow('a size from 1KB to 1GB');
    expect(() => read(`--archive-total-bytes=${size}`)).toThrow('a size from 1MB to 1024GB');
  });
});
