import { mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, type LinariteEnv, mustRun, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = join(ROOT, 'docs/clients');
const WITHIN_MS = 120_000;
const isAsked = process.env['LINARITE_CHECK_ALL'] !== undefined;

/** The blocks of a page in one language, from the first on. */
function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(PAGES, `${page}.md`), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].flatMap(([, word, body]) => (word === language ? (body ?? []) : []));
}
function blockOf(page: string, language: string, index = 0): string {
  const found = blocksOf(page, language)[index];
  if (found === undefined) throw new Error(`${page}.md has no ${language} block ${index}`);
  return found;
}

async function works(program: string, ...args: string[]): Promise<boolean> {
  return (await run(program, args).catch(() => ({ code: 1 }))).code === 0;
}
const DEBIANS_PYTHON = '/usr/bin/python3';
const [hasAz, hasOldPython, hasCurl, hasGo] = await Promise.all([works('/usr/bin/az', 'version'), works(DEBIANS_PYTHON, '-c', 'import azure.batch'), works('/bin/bash', '-c', 'command -v curl openssl od'), works('go', 'version')]);

/** Pages whose lines are run here; all others say that no test does. */
const RUN = ['README', 'az', 'curl', 'data-factory', 'functions', 'go', 'javascript', 'python'];

test('a page of a client either has its lines run here or says that they are not', () => {
  const pages = readdirSync(PAGES).map((name) => name.replace(/\.md$/, ''));
  expect(pages.filter((page) => !RUN.includes(page) && !readFileSync(join(PAGES, `${page}.md`), 'utf8').includes('Not run by a test'))).toEqual([]);
  const index = readFileSync(join(PAGES, 'README.md'), 'utf8');
  expect(pages.filter((page) => page !== 'README' && !index.includes(`](${page}.md)`))).toEqual([]);
});

describe('the lines of each page, as they stand there', () => {
  let instance: Instance;
  let env: LinariteEnv & NodeJS.ProcessEnv;
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-pages-'));
    const seed = join(directory, 'seed.yaml');
    writeFileSync(seed, blockOf('functions', 'yaml'));
    instance = await startLinarite(['--seed', seed]);
    const programs = join(directory, 'programs');
    mkdirSync(programs);
    symlinkSync(LAUNCHER, join(programs, 'linarite'));
    // Of its own kinds of work each page has pools and jobs by other names.
    env = { ...(await instance.env()), LINARITE_DATA_DIR: instance.dataDir, AZURE_CONFIG_DIR: join(directory, 'az'), AZURE_CORE_COLLECT_TELEMETRY: 'false', PATH: `${programs}:${process.env['PATH']}` };
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  }, WITHIN_MS);
  afterAll(async () => {
    await instance.purge();
    await rm(directory, { recursive: true, force: true });
  });

  /** What it prints, in a directory of its own. */
  async function printedBy(program: string, ...args: string[]): Promise<string> {
    return (await mustRun(program, args, { cwd: directory, env, timeoutMs: 2 * WITHIN_MS })).stdout;
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return name;
  };

  test.skipIf(!hasAz)("az (needs Debian's azure-cli)", async () => {
    expect(await printedBy('/bin/bash', '-ec', blockOf('az', 'sh'))).toMatch(/^hello\n$/m);
  }, 2 * WITHIN_MS);

  test.skipIf(!hasOldPython)("Python with azure-batch 13 and older (needs Debian's python3-azure)", async () => {
    expect(await printedBy(DEBIANS_PYTHON, file('old.py', blockOf('python', 'python', 1)))).toBe('hello\n');
  }, WITHIN_MS);

  test.skipIf(!isAsked)('Python with azure-batch 15 and newer (needs --all, and the registry of Python packages)', async (context) => {
    const place = join(directory, 'venv');
    const python = join(place, 'bin/python');
    if (!(await works('python3', '-m', 'venv', place))) return context.skip();
    if ((await run(join(place, 'bin/pip'), ['install', '--quiet', 'azure-batch>=15'], { timeoutMs: 300_000 })).code !== 0) return context.skip();
    expect(await printedBy(python, file('new.py', blockOf('python', 'python')))).toBe('hello\n');
  }, 500_000);

  test('JavaScript', async () => {
    expect(await printedBy(process.execPath, file('page.mjs', blockOf('javascript', 'js')))).toBe('hello\n');
  }, WITHIN_MS);

  test.skipIf(!hasCurl)('curl, with a key and with a token (needs curl and openssl)', async () => {
    expect(await printedBy('/bin/bash', '-ec', blockOf('curl', 'bash'))).toBe('hello\n');
    expect(await printedBy('/bin/bash', '-ec', blockOf('curl', 'bash', 1))).toContain('"id":"curlpool"');
  }, WITHIN_MS);

  test.skipIf(!hasGo || !isAsked)('Go, by its standard library (needs --all, and go)', async () => {
    // It compiles that library first, and asks nobody for anything.
    Object.assign(env, { GOCACHE: join(directory, 'go'), GOTOOLCHAIN: 'local', GO111MODULE: 'off', GOPROXY: 'off', CGO_ENABLED: '0' });
    expect(await printedBy('go', 'run', file('page.go', blockOf('go', 'go')))).toBe('hello\n');
  }, 3 * WITHIN_MS);

  test("the side of a custom activity of Data Factory's", async () => {
    expect(await printedBy('/bin/sh', '-ec', blockOf('data-factory', 'sh'))).toBe('azure\n');
  }, WITHIN_MS);

  test('the handlers of Azure Functions: a request and a blob submit a task, the same event no second one', async () => {
    const place = join(directory, 'functions', 'node_modules');
    mkdirSync(join(place, '@azure/functions'), { recursive: true });
    for (const name of ['batch', 'storage-blob']) symlinkSync(join(ROOT, 'node_modules/@azure', name), join(place, '@azure', name));
    // What the runtime would do with the two handlers is to call them.
    writeFileSync(join(place, '@azure/functions/package.json'), '{"name":"@azure/functions","type":"module","exports":"./index.js"}');
    writeFileSync(join(place, '@azure/functions/index.js'), 'export const handlers = {};\nexport const app = { http: (name, { handler }) => void (handlers[name] = handler), storageBlob: (name, { handler }) => void (handlers[name] = handler) };\n');
    writeFileSync(join(directory, 'functions/submit.mjs'), blockOf('functions', 'js'));
    writeFileSync(
      join(directory, 'functions/call.mjs'),
      `import { handlers } from '@azure/functions';\nimport './submit.mjs';\nconsole.log(JSON.stringify(await handlers.submit({ json: async () => ({ name: 'two lines.txt' }) })));\nfor (const _ of [1, 2]) await handlers.arrived(Buffer.alloc(0), { triggerMetadata: { name: 'three.txt' } });\n`,
    );
    const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('incoming');
    for (const [name, text] of [['two lines.txt', 'a\nb\n'], ['three.txt', 'a\nb\nc\n']] as const) await container.getBlockBlobClient(name).upload(text, text.length);
    expect(JSON.parse(await printedBy(process.execPath, 'functions/call.mjs'))).toEqual({ status: 202, jsonBody: { task: 'two_lines_txt' } });
    const batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await until('both tasks end', WITHIN_MS, async () => {
      const tasks = await batch.task.list('incoming');
      return tasks.length === 2 && tasks.every(({ state }) => state === 'completed') ? true : undefined;
    }, 200);
    const printed = async (task: string): Promise<string> => (await linarite(['task', 'logs', 'incoming', task, '--data-dir', instance.dataDir])).stdout;
    expect([await printed('two_lines_txt'), await printed('three_txt')]).toEqual([expect.stringMatching(/\b2\n$/), expect.stringMatching(/\b3\n$/)]);
  }, 2 * WITHIN_MS);
});
