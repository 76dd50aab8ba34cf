import { afterAll, describe, expect, test } from 'vitest';
import { dataContract } from '../../src/wire/dataContract.ts';
import { shapes } from '../../src/wire/shapes/index.ts';
import { operations } from '../../src/wire/operations.ts';
import { parseApiVersion } from '../../src/wire/versions.ts';
import { compareShape, missingValues, pairsFrom, type Pair, type ShapesOf } from './drift.ts';
import { openApi, OPEN_API_VERSIONS, type OpenApiFacts } from './fixtures.ts';

/** Where the table means to differ from the facts, and why. `V:` limits a row to one revision. */
const REVIEWED: Readonly<Record<string, string>> = {
  'absent 19:PoolAdd.cloudServiceConfiguration': 'the classic flavour of 2024-02-01.19.0 still has it (versions.md)',
  'absent 19:PoolAdd.certificateReferences': 'as above',
  'absent 19:PoolAdd.applicationLicenses': 'as above',
  'absent 19:PoolSpecification.cloudServiceConfiguration': 'as above',
  'absent 19:PoolSpecification.certificateReferences': 'as above',
  'absent 19:PoolSpecification.applicationLicenses': 'as above',
  'absent 19:PoolPatch.certificateReferences': 'as above',
  'absent 19:PoolReplace.certificateReferences': 'as above',
  'absent 19:Pool.cloudServiceConfiguration': 'as above',
  'absent 19:Pool.certificateReferences': 'as above',
  'absent 19:Pool.applicationLicenses': 'as above',
  'absent 19:Node.certificateReferences': 'as above',
  'absent 25:VmDiskSecurityProfile.diskEncryptionSet': 'Resource Manager has it, and its pools are kept in the shape of the data plane',
  'required 12:ContainerRegistry.username': 'an identity may stand in its place since 14; a rule asks for one of them',
  'required 12:ContainerRegistry.password': 'as above',
  'required 17:JobSchedulePut.schedule': 'optional from 18 on',
  'required 16:JobSchedulePut.schedule': 'as above',
  'required 12:JobSchedulePut.schedule': 'as above',
  'required 20:JobNetworkConfiguration.skipWithdrawFromVNet': 'optional from 2025-06-01 on',
};
for (const property of ['encryptionAtHost', 'securityType', 'uefiSettings']) {
  for (const revision of [18, 19, 20]) Object.assign(REVIEWED, { [`required ${revision}:SecurityProfile.${property}`]: 'optional from 2025-06-01 on' });
}
for (const revision of [18, 19]) Object.assign(REVIEWED, { [`required ${revision}:ManagedDisk.storageAccountType`]: 'optional from 20 on' });

const used = new Set<string>();

afterAll(() => {
  // A difference that is no more must not stay excused.
  expect(Object.keys(REVIEWED).filter((difference) => !used.has(difference))).toEqual([]);
});

test('the facts reach every shape of the table but those of versions before them', () => {
  const reached = new Set(OPEN_API_VERSIONS.flatMap((text) => pairs(openApi(text)).map(({ shape }) => shape)));
  const older = ['PoolUpgradeOs', 'NodeAgentSkuList', 'NodeAgentSku'];
  expect(Object.keys(shapes).filter((shape) => !reached.has(shape) && !older.includes(shape))).toEqual([]);
});

describe.each(OPEN_API_VERSIONS)('the shape table against the OpenAPI facts of %s', (text) => {
  const facts = openApi(text);
  const { revision } = parseApiVersion(text);

  test('every operation is there with its body, status and answer', () => {
    for (const [key, fact] of Object.entries(facts.operations)) {
      const row = operations.find(({ method, path }) => `${method} ${path}` === key);
      expect(row, key).toBeDefined();
      if (row === undefined) continue;
      expect(fact.status, key).toContain(row.status);
      expect(row.body !== undefined, `${key} body`).toBe(fact.body !== undefined);
      expect(row.optionalBody === true, `${key} optional body`).toBe(fact.optional === true);
      expect(row.response !== undefined, `${key} response`).toBe(fact.response !== undefined);
      expect(row.since === undefined || row.since <= revision, `${key} since`).toBe(true);
      expect(row.until === undefined || row.until >= revision, `${key} until`).toBe(true);
      for (const name of fact.query ?? []) if (name !== 'ocp-range') expect(row.query ?? [], key).toContain(name.toLowerCase());
      const conditional = { 4: 'all4', 2: 'time', 0: 'none' }[fact.conditional?.length ?? 0];
      expect(row.conditional, `${key} conditional`).toBe(conditional);
    }
  });

  test('every property is there with its type, and none that the version does not have', () => {
    const differences: string[] = [];
    for (const pair of pairs(facts)) differences.push(...compareShape(pair, facts, revision, shapesOfData));
    for (const difference of differences) used.add(difference);
    expect(differences.filter((difference) => REVIEWED[difference] === undefined)).toEqual([]);
  });

  test('every value of every enum is there', () => {
    expect(pairs(facts).flatMap((pair) => missingValues(pair, facts, shapesOfData))).toEqual([]);
  });
});

const shapesOfData: ShapesOf = {
  rowsOf: (shape) => (dataContract.isShape(shape) ? dataContract.rowsOf(shape) : []),
  isShape: dataContract.isShape,
  enumValues: dataContract.enumValues,
};

/** Table shapes with the definitions they stand for: of bodies first. */
function pairs(facts: OpenApiFacts): readonly Pair[] {
  const facing = Object.entries(facts.operations).map(([key, fact]) => ({ fact, row: operations.find(({ method, path }) => `${method} ${path}` === key) }));
  const bodies = facing.flatMap(({ fact, row }) => (row?.body === undefined || fact.body === undefined ? [] : [{ shape: row.body, definition: fact.body, request: true }]));
  const answers = facing.flatMap(({ fact, row }) => (row?.response === undefined || fact.response === undefined ? [] : [{ shape: row.response, definition: fact.response, request: false }]));
  return pairsFrom([...bodies, ...answers], facts, shapesOfData);
}
