import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { buildInfo } from '../../scripts/buildInfo.mjs';
import { releaseVersion, versionLine } from '../../src/cli/version.ts';

test('what runs from its sources says the release alone', () => {
  expect(releaseVersion()).toBe(manifest.version);
  expect(versionLine()).toBe(manifest.version);
});

test('a build is dated by the day, or by SOURCE_DATE_EPOCH, so that it can be made again', () => {
  const now = new Date('2026-11-30T23:59:00Z');
  expect(buildInfo({}, now).day).toBe('2026-11-30');
  expect(buildInfo({ SOURCE_DATE_EPOCH: '0' }, now).day).toBe('1970-01-01');
});

test('a build names the commit of its sources, in a clone', () => {
  const git = (...words: string[]): string => execFileSync('git', words, { encoding: 'utf8', cwd: join(import.meta.dirname, '../..') }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'scripts', 'package-lock.json') !== '';
  expect(buildInfo().commit).toBe(`${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+changes' : ''}`);
});
