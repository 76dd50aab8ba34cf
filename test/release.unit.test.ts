import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import manifest from '../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '..');

interface Step {
  readonly name?: string;
  readonly run?: string;
}

const { jobs } = parse(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'));
const steps: readonly Step[] = jobs.publish.steps;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-release-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The workflow's own step, as the runner runs it. */
function tagStep(tag: string, changelog: string): { readonly code: number | null; readonly said: string } {
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ version: '1.2.3' }));
  writeFileSync(join(directory, 'CHANGELOG.md'), changelog);
  const script = steps.find(({ name }) => name?.startsWith('The tag'))?.run ?? 'exit 99';
  const { status, stdout } = spawnSync('bash', ['-e', '-c', script], { cwd: directory, env: { PATH: process.env['PATH'], GITHUB_REF_NAME: tag }, encoding: 'utf8' });
  return { code: status, said: stdout };
}

test('a release is refused whose tag is another version, or that the changelog does not date', () => {
  expect(tagStep('v1.2.3', '# Changelog\n\n## 1.2.3 – 2027-01-05\n')).toEqual({ code: 0, said: '' });
  expect(tagStep('v1.2.4', '## 1.2.3 – 2027-01-05\n')).toEqual({ code: 1, said: 'the tag is v1.2.4, the package 1.2.3\n' });
  expect(tagStep('v1.2.3', '## 1.2.3 – not released yet\n').said).toContain("no heading '## 1.2.3 – DAY'");
  expect(tagStep('v1.2.3', '## 11213 – 2027-01-05\n').code).toBe(1);
});

test('a release is published with its proof, after all checks', () => {
  const runs = steps.map(({ run = '' }) => run);
  const checked = runs.findIndex((run) => run.includes('./check'));
  const published = runs.findIndex((run) => run.includes('npm publish --provenance'));
  expect(checked).toBeGreaterThan(-1);
  expect(published).toBeGreaterThan(checked);
  expect(jobs.publish.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
});

test('the changelog begins with the version of the package', () => {
  const [, first] = /^## (\S+) – (?:not released yet|\d{4}-\d\d-\d\d)$/m.exec(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')) ?? [];
  expect(first).toBe(manifest.version);
  expect(readFileSync(join(ROOT, 'python/pyproject.toml'), 'utf8')).toContain(`version = "${manifest.version}"`);
});

test('forms of issues ask for something, each part under a name', () => {
  const folder = join(ROOT, '.github/ISSUE_TEMPLATE');
  const forms = readdirSync(folder).filter((file) => file !== 'config.yml');
  expect(forms.length).toBeGreaterThan(0);
  for (const file of forms) {
    const form = parse(readFileSync(join(folder, file), 'utf8'));
    expect(form, file).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    const asked = form.body.filter(({ type }: { readonly type: string }) => type !== 'markdown');
    expect(asked.some((part: { readonly validations?: { readonly required?: boolean } }) => part.validations?.required === true), file).toBe(true);
    for (const part of asked) expect(part, file).toMatchObject({ id: expect.any(String), attributes: { label: expect.any(String) } });
  }
});
