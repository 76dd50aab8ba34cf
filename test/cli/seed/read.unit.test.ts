import { chmodSync, mkdirSync, mkdtempSync, openSync, closeSync, fstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../../src/agent/packages/archive.ts';
import { linesOf } from '../../../src/cli/seed/print.ts';
import { readSeedFile } from '../../../src/cli/seed/read.ts';
import { seedingOf } from '../../../src/cli/seed/whileStarting.ts';

const root = mkdtempSync(join(tmpdir(), 'linarite-seed-file-'));
afterAll(() => rmSync(root, { recursive: true }));
const beside = join(root, 'beside');
mkdirSync(join(beside, 'tool/bin'), { recursive: true });
writeFileSync(join(root, 'outside'), 'secret');
writeFileSync(join(beside, 'text'), 'text');
writeFileSync(join(beside, 'tool/bin/run'), '#!/bin/sh\n');
writeFileSync(join(beside, 'tool/a'), 'a');
chmodSync(join(beside, 'tool/bin/run'), 0o755);
symlinkSync('../outside', join(beside, 'link'));
mkdirSync(join(beside, 'empty'));
mkdirSync(join(beside, 'links'));
symlinkSync('../text', join(beside, 'links/text'));

async function read(text: string) {
  writeFileSync(join(beside, 'seed.yaml'), text);
  return readSeedFile(join(beside, 'seed.yaml'));
}

describe('a seed', () => {
  test('has the contents of the files that it names, in JSON as in YAML', async () => {
    const { document } = await read('{"storage": [{"container": "c", "blobs": [{"name": "b", "file": "text", "contentType": "x"}]}], "accounts": [{"name": "a", "certificates": [{"thumbprint": "t", "file": "text"}]}]}');
    expect(document).toEqual({ storage: [{ container: 'c', blobs: [{ name: 'b', contentType: 'x', base64: 'dGV4dA==' }] }], accounts: [{ name: 'a', certificates: [{ thumbprint: 't', data: 'dGV4dA==' }] }] });
  });

  test('has a directory as a zip file that is the same each time', async () => {
    const text = 'applications: [{ id: a, packages: [{ version: "1", directory: tool }] }]';
    const first = await read(text);
    expect((await read(text)).document).toEqual(first.document);
    const [{ packages: [{ base64 }] }] = (first.document as { readonly applications: readonly [{ readonly packages: readonly [{ readonly base64: string }] }] }).applications;
    writeFileSync(join(root, 'tool.zip'), Buffer.from(base64, 'base64'));
    const file = openSync(join(root, 'tool.zip'), 'r');
    const found = await inspect(file, fstatSync(file).size);
    closeSync(file);
    expect(found).toEqual({ entries: 2, unpackedBytes: 11 });
  });

  test('says on which line of it a place stands', async () => {
    const { lineOf } = await read('pools:\n  - id: a\n  - id: b\n    vmSize: x\n');
    expect([lineOf('pools[1].vmSize'), lineOf('pools[0]'), lineOf('pools[1].none')]).toEqual([4, 2, 3].map((line) => `${join(beside, 'seed.yaml')}:${line}`));
  });

  test.each([
    ['storage: [{ container: c, blobs: [{ name: b, file: ../outside }] }]', '../outside: a seed names files beside seed.yaml or below alone'],
    ['storage: [{ container: c, blobs: [{ name: b, file: link }] }]', 'link: a seed names files beside seed.yaml or below alone'],
    ['storage: [{ container: c, blobs: [{ name: b, file: none }] }]', 'none cannot be read: ENOENT'],
    ['storage: [{ container: c, blobs: [{ name: b, file: tool }] }]', 'tool is no file'],
    ['applications: [{ id: a, packages: [{ version: "1", directory: ../../ }] }]', '../../: a seed names files beside seed.yaml or below alone'],
    ['applications: [{ id: a, packages: [{ version: "1", directory: empty }] }]', 'empty: a package has 1 to 65535 files, and this directory has 0'],
    ['applications: [{ id: a, packages: [{ version: "1", directory: links }] }]', 'links/text is no file'],
    ['applications: [{ id: a, packages: [{ version: "1", file: text }] }]', 'text: '],
    ['pools: [{ id: a, targetDedicatedNodes: .inf }]', 'Infinity is no number that can be sent'],
    ['pools:\n  - id: a\n    id: b\n', 'seed.yaml:3: this is neither JSON nor YAML: Map keys must be unique'],
  ])('%j is refused: %s', async (text, reason) => {
    await expect(read(text)).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining(reason) });
  });

  test('with a name that none has is refused before a service starts', async () => {
    await read('pools: []\npool: []\n');
    await expect(seedingOf(join(beside, 'seed.yaml'))).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(/seed\.yaml:2: pool: InvalidPropertyValue: /) });
  });

  test('that is too much is refused before it is read', async () => {
    writeFileSync(join(beside, 'large'), Buffer.alloc(33 << 20));
    await expect(read('storage: [{ container: c, blobs: [{ name: b, file: large }] }]')).rejects.toMatchObject({ exitCode: 2, message: 'large: with it the seed is larger than 32 MiB, files as base64' });
  });
});

test('a report has a line for all that is to be seen to, with its place, and counts tasks and blobs', () => {
  const items = [
    { kind: 'pool', id: 'p', place: 'pools[0]', outcome: 'created' },
    { kind: 'task', id: 'j/t', place: 'jobs[0].tasks[0]', outcome: 'created' },
    { kind: 'task', id: 'j/u', place: 'jobs[0].tasks[1]', outcome: 'differs', differing: ['commandLine'] },
    { kind: 'job', id: 'k', place: 'jobs[1]', outcome: 'refused', error: { code: 'OutOfRangePriority', message: 'No.', property: 'priority' } },
  ] as const;
  expect(linesOf({ dryRun: true, items, counts: { created: 2, unchanged: 0, updated: 0, differs: 1, refused: 1 } }, (place) => `at ${place}`)).toEqual([
    'created    pool p',
    'differs    task j/u: commandLine [at jobs[0].tasks[1].commandLine]',
    'refused    job k: OutOfRangePriority: No. (priority) [at jobs[1].priority]',
    'would be: 2 created, 1 differs, 1 refused',
  ]);
});
