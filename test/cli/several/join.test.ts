import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTokens, issuerAt } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, OPERATOR } from '../../../src/api/identity/wellKnown.ts';
import { createSealing } from '../../../src/store/sealing.ts';
import { type DataDirectory, makeDataDirectory } from '../../../src/cli/service/data/dataDirectory.ts';
import { provideKeys } from '../../../src/cli/service/data/keys.ts';
import { joinCluster, sharedSigningKeys } from '../../../src/cli/service/several/join.ts';
import { connect } from '../../../src/store/connect.ts';
import { connectionUrl, ensureDatabase } from '../../../src/store/embedded/databases.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { until } from '../../support/linarite.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../support/postgres.ts';

const KEY = 'the cluster key of a test, long enough';
let parent: string;
let postgres: TemporaryPostgres;
let database: Pool;
let databaseUrl: string;

let count = 0;

beforeAll(async () => {
  postgres = await temporaryPostgres();
});
afterAll(() => postgres.remove());
beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'linarite-join-'));
  count += 1;
  databaseUrl = connectionUrl(await ensureDatabase(postgres.connection, `join${count}`));
  database = connect({ connectionString: databaseUrl }, 'api');
  await migrate(database);
});
afterEach(async () => {
  await database.end();
  rmSync(parent, { recursive: true, force: true });
});

function directory(name: string): DataDirectory {
  return makeDataDirectory(join(parent, name));
}

function joins(to: DataDirectory, given: { readonly clusterKey?: string; readonly wellKnown?: boolean; readonly insists?: boolean } = {}) {
  return joinCluster({ databaseUrl, clusterKey: KEY, directory: to, wellKnown: false, insists: false, ...given });
}

test('processes that start at once have the same keys and the same authority, whoever is first', async () => {
  const all = ['one', 'two', 'three'].map(directory);
  await Promise.all(all.map((one) => joins(one)));
  const [first, ...others] = all.map(({ keys, certificates }) => ({ ...provideKeys(keys, false), signingKeyFile: '', authority: readFileSync(join(certificates, 'ca.pem'), 'utf8') }));
  for (const other of others) expect(other).toEqual(first);
  const { rows } = await database.query<{ sealed: string }>('select sealed from shared_secret');
  for (const { sealed } of rows) expect(sealed).toMatch(/^v1:[A-Za-z0-9+/=]+$/);
});

test('a data directory that had the database for itself brings its keys, and what they sealed can be read by the others', async () => {
  const former = directory('former');
  const keys = provideKeys(former.keys, false);
  await database.query('insert into account (account, name, keys, created) values (1, $1, $2, 0)', ['mine', createSealing(keys.nodeSecret).seal({ primary: 'a', secondary: 'b' })]);
  const fresh = directory('fresh');
  await expect(joins(fresh)).rejects.toThrow('have their keys in another data directory');
  await joins(former);
  await joins(fresh);
  expect(provideKeys(fresh.keys, false)).toMatchObject({ batch: keys.batch, operatorSecret: keys.operatorSecret, nodeSecret: keys.nodeSecret });
});

test('a data directory whose keys are those of another database does not bring them', async () => {
  await database.query('insert into account (account, name, keys, created) values (1, $1, $2, 0)', ['mine', createSealing(Buffer.from('others')).seal({})]);
  const foreign = directory('foreign');
  provideKeys(foreign.keys, false);
  await expect(joins(foreign)).rejects.toThrow(`have their keys in another data directory than ${foreign.root}`);
});

test('a wrong cluster key is refused by name, and neither key is shown', async () => {
  await joins(directory('one'));
  const wrong = 'another key that is long enough as well';
  const refused = await joins(directory('two'), { clusterKey: wrong }).catch((error: Error) => error.message);
  expect(refused).toContain('the cluster key is not that of the database at');
  expect(refused).not.toContain(wrong);
  expect(refused).not.toContain(KEY);
});

test('well-known keys are taken by who is reached by others only where it is told to', async () => {
  expect(await joins(directory('one'), { wellKnown: true })).toEqual({ wellKnown: true });
  await expect(joins(directory('two'))).rejects.toThrow('have the well-known keys');
  expect(await joins(directory('two'), { insists: true })).toEqual({ wellKnown: true });
});

test('tokens of one process are taken by the others, also after one of them has another signing key', async () => {
  await joins(directory('one'));
  const [one, other] = [1, 2].map(() => createTokens({ keyFile: sharedSigningKeys(database, KEY) }));
  if (one === undefined || other === undefined) throw new Error('two processes');
  const now = Date.now();
  const issue = (by: typeof one) => by.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: issuerAt('https://localhost'), now });
  const isTaken = (by: typeof one, token: string) => by.verify(token, { audiences: [BATCH_AUDIENCE], now }).then(() => true, () => undefined);
  const former = await issue(one);
  expect(await isTaken(other, former)).toBe(true);
  await one.rotate({ now, forgetsOld: false });
  const next = await issue(one);
  await until('the other one takes tokens of the new key', 60_000, () => isTaken(other, next));
  expect(await isTaken(other, former)).toBe(true);
  await other.rotate({ now, forgetsOld: true });
  await until('the first one refuses what was forgotten', 60_000, async () => ((await isTaken(one, former)) ? undefined : true));
});
