import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readSplit, type RunFlags } from '../../../../src/cli/run/plan/options.ts';
import { connectPlace, readPlaces, refuseTwice } from '../../../../src/cli/run/split/places.ts';

const directory = mkdtempSync(join(tmpdir(), 'linarite-places-'));
afterAll(() => rmSync(directory, { recursive: true }));
mkdirSync(join(directory, 'east'));
writeFileSync(join(directory, 'key'), 'a2V5\n');

function file(content: unknown): string {
  const path = join(directory, 'accounts.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const AZURE = { account: 'batch', endpoint: 'https://batch.westeurope.batch.azure.com', keyFile: 'key' };

describe('accounts', () => {
  test('are entries of a file, its paths beside it, and data directories', async () => {
    const path = file({ east: { dataDir: 'east' }, azure: AZURE });
    const places = readPlaces(['east', 'azure', directory], path, {});
    expect(places).toEqual([{ name: 'east', flags: { dataDir: join(directory, 'east') } }, { name: 'azure', flags: { ...AZURE, keyFile: join(directory, 'key') } }, { name: directory, flags: { dataDir: directory } }]);
    expect(readPlaces(['east', 'azure'], undefined, { LINARITE_ACCOUNTS: path })).toHaveLength(2);
    expect(await connectPlace({ name: 'azure', flags: { ...AZURE, keyFile: join(directory, 'key') } })).toMatchObject({ batch: { account: 'batch', key: 'a2V5' }, storage: undefined });
    expect(await connectPlace({ name: 'east', flags: { dataDir: join(directory, 'east') } })).toBe(undefined);
  });

  test('may be one, of the name that a Batch account has', () => {
    expect([readPlaces([], undefined, {}), readPlaces(['batch'], undefined, {}), readPlaces(['batch'], undefined, { LINARITE_ACCOUNTS: '/nowhere' })]).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    [['east', 'east'], { east: { dataDir: 'east' } }, 'east is given twice'],
    [['east', 'south'], { east: { dataDir: 'east' } }, '--account south: there is no such account; '],
    [['east', './nowhere'], { east: { dataDir: 'east' } }, './nowhere: there is no such data directory'],
    [['east', 'west'], '{', 'is no JSON'],
    [['east', 'west'], '[]', 'has to be a JSON object'],
    [['a', 'b'], { a: 1, b: 2 }, 'a: it has to be an object'],
    [['a', 'b'], { a: { dataDir: 'east', account: 'x' } }, 'a: dataDir names a service on this machine'],
    [['a', 'b'], { a: { account: 'x', endpoint: 'y' } }, 'a: it needs dataDir, or account, endpoint and keyFile'],
    [['a', 'b'], { a: { ...AZURE, key: 'secret' } }, 'a: there is no key, only'],
    [['a', 'b'], { a: { ...AZURE, account: 7 } }, 'a: account has to be a text'],
  ])('%j of %j: %s', (names, content, message) => {
    expect(() => readPlaces(names, file(content), {})).toThrow(message);
  });

  test('that are one under two names are refused', () => {
    const at = (name: string, endpoint: string) => ({ name, connection: { batch: { account: 'Batch', key: '', endpoint }, storage: undefined, local: undefined } });
    expect(() => refuseTwice([at('a', 'https://Batch.example/'), at('b', 'https://batch.example')])).toThrow('--account a and --account b are one account');
    expect(() => refuseTwice([at('a', 'http://127.0.0.1:1'), at('b', 'http://localhost:1')])).toThrow('are one account');
    expect(() => refuseTwice([at('a', 'http://127.0.0.1:1'), at('b', 'http://127.0.0.1:2')])).not.toThrow();
  });
});

describe('a run over several accounts', () => {
  const flags: RunFlags = { before: [], input: [], sweep: [], output: [], mergeOutput: [], resourceFile: [], app: [], env: [], account: ['east', 'west'], accounts: file({ east: { dataDir: 'east' }, west: AZURE }) };
  test.each([
    [{ dataDir: 'x' }, '--data-dir is for one account'],
    [{ keyFile: 'x' }, '--key-file is for one account'],
    [{ merge: 'cat' }, '--merge goes with one account'],
    [{ dependsOn: '1' }, '--depends-on goes with one account'],
    [{ dryRun: true }, '--dry-run goes with one account'],
    [{ lostAfter: '10ms' }, 'write a time of a second or more'],
    [{ account: ['one'], lostAfter: '10s', accounts: undefined }, '--lost-after 10s is for a run over several accounts'],
  ])('%j: %s', (more, message) => {
    file({ east: { dataDir: 'east' }, west: AZURE });
    expect(() => readSplit({ ...flags, ...more } as RunFlags, {})).toThrow(message);
  });

  test('gives an account up after a minute, or as it is told', () => {
    file({ east: { dataDir: 'east' }, west: AZURE });
    expect([readSplit(flags, {})?.lostAfterMs, readSplit({ ...flags, lostAfter: '5min' }, {})?.lostAfterMs]).toEqual([60_000, 300_000]);
  });
});
