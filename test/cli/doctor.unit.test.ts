import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { program, PROGRAM_CHECKS } from '../../src/cli/doctor/checks.ts';
import { linesOf } from '../../src/cli/doctor/doctor.ts';

const directory = mkdtempSync(join(tmpdir(), 'linarite-doctor-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
function make(name: string, mode: number): void {
  writeFileSync(join(directory, name), '');
  chmodSync(join(directory, name), mode);
}
const CHECK = { feature: 'tasks in containers', programs: ['podman', 'docker'], debian: 'podman' };

test('a feature is there with any of its programs, the better one first', () => {
  make('docker', 0o755);
  expect(program(CHECK, directory)).toEqual({ feature: 'tasks in containers', state: 'ok', what: join(directory, 'docker') });
  make('podman', 0o755);
  expect(program(CHECK, directory).what).toBe(join(directory, 'podman'));
});

test('what cannot be run is not there, and the package is named that has it', () => {
  make('podman', 0o644);
  rmSync(join(directory, 'docker'), { force: true });
  expect(program(CHECK, `relative:${directory}`)).toEqual({ feature: 'tasks in containers', state: 'lacking', what: 'no podman, docker', mend: 'Debian: apt-get install podman' });
});

test('each feature stands in a line, with what mends it', () => {
  const lines = linesOf([{ feature: 'a', state: 'ok', what: 'here' }, { feature: 'longer', state: 'missing', what: 'none', mend: 'get it' }]);
  expect(lines).toEqual(['ok      a       here', 'MISSING longer  none; get it']);
});

test('no feature is looked at twice', () => {
  expect(new Set(PROGRAM_CHECKS.map(({ feature }) => feature)).size).toBe(PROGRAM_CHECKS.length);
});
