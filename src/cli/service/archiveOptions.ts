import { InvalidArgumentError, Option } from 'commander';
import { ARCHIVE_SETTINGS, type ArchiveSettings } from '../../control/archiveSettings.ts';
import { relativeFilePath } from '../../wire/files.ts';
import { sizeBetween } from '../size.ts';

/** What a user may say about the log archive. */
export interface ArchiveWishes {
  readonly archive?: boolean;
  readonly archivePattern?: readonly string[];
  readonly archiveMaxBytes?: number;
  readonly archiveTotalBytes?: number;
}

const KIB = 1024;
const MOST_PATTERNS = 20;
const LONGEST_PATTERN = 1_000;

export function archiveOptions(): readonly Option[] {
  return [
    new Option('--archive', 'keep stdout and stderr of completed tasks in the storage account beyond their nodes (default)'),
    new Option('--no-archive', 'keep nothing of tasks beyond their nodes'),
    new Option('--archive-pattern <pattern>', 'archive also files that this names below a task’s directory, like wd/*.log; may be given several times').argParser(addPattern),
    new Option('--archive-max-bytes <size>', 'of a larger file only the end is archived (default: 1MB)').argParser(sizeBetween(KIB, KIB ** 3, 'a size from 1KB to 1GB, like 64KB or 10MB')),
    new Option('--archive-total-bytes <size>', 'of all that is archived the oldest goes beyond this (default: 1GB)').argParser(sizeBetween(KIB ** 2, 1024 * KIB ** 3, 'a size from 1MB to 1024GB, like 500MB or 10GB')),
  ];
}

function addPattern(text: string, before: readonly string[] = []): readonly string[] {
  if (relativeFilePath(text) !== text || text.length > LONGEST_PATTERN) throw new InvalidArgumentError('a path below the task’s directory, without .., in which * ? [abc] and ** may stand');
  if (before.length >= MOST_PATTERNS) throw new InvalidArgumentError(`${MOST_PATTERNS} patterns at most`);
  return [...before, text];
}

/** What holds: what was asked for, else what was kept from before, else the defaults. */
export function decideArchive({ archive, archivePattern, archiveMaxBytes, archiveTotalBytes }: ArchiveWishes, former: ArchiveSettings = ARCHIVE_SETTINGS): ArchiveSettings {
  return {
    isOn: archive ?? former.isOn,
    patterns: archivePattern ?? former.patterns,
    maxFileBytes: archiveMaxBytes ?? former.maxFileBytes,
    maxTotalBytes: archiveTotalBytes ?? former.maxTotalBytes,
  };
}

/** As the next process is told. */
export function archiveFlags({ isOn, patterns, maxFileBytes, maxTotalBytes }: ArchiveSettings): string[] {
  return [
    isOn ? '--archive' : '--no-archive',
    ...patterns.map((pattern) => `--archive-pattern=${pattern}`),
    '--archive-max-bytes', sizeText(maxFileBytes),
    '--archive-total-bytes', sizeText(maxTotalBytes),
  ];
}

function sizeText(bytes: number): string {
  return `${bytes / KIB}KB`;
}

export function sameArchive(one: ArchiveSettings, other: ArchiveSettings): boolean {
  return JSON.stringify(archiveFlags(one)) === JSON.stringify(archiveFlags(other));
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isArchive(value: unknown): value is ArchiveSettings | undefined {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const patterns: unknown = Reflect.get(value, 'patterns');
  return typeof Reflect.get(value, 'isOn') === 'boolean' && Array.isArray(patterns) && patterns.every((pattern) => typeof pattern === 'string') && ['maxFileBytes', 'maxTotalBytes'].every((name) => typeof Reflect.get(value, name) === 'number');
}
