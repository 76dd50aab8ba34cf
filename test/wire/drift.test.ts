import { afterAll, describe, expect, test } from 'vitest';
import { isRequiredIn, knownIn } from '../../src/wire/contract/tables.ts';
import { type ShapeName, dataContract } from '../../src/wire/dataContract.ts';
import { shapes } from '../../src/wire/shapes/index.ts';
import { operations } from '../../src/wire/operations.ts';
import { parseApiVersion } from '../../src/wire/versions.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
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
  expect(Object.keys(shapes).filter((shape) => !reached.has(shape as ShapeName) && !older.includes(shape))).toEqual([]);
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
    for (const { shape, definition, request } of pairs(facts)) differences.push(...compare(shape, definition, request, facts, revision));
    for (const difference of differences) used.add(difference);
    expect(differences.filter((difference) => REVIEWED[difference] === undefined)).toEqual([]);
  });

  test('every value of every enum is there', () => {
    for (const { shape, definition } of pairs(facts)) {
      for (const [name, row] of dataContract.rowsOf(shape)) {
        const values = facts.enums[plain(facts.shapes[definition]?.[name])];
        const ours = dataContract.enumValues(row.type)?.map((value) => value.toLowerCase());
        if (values === undefined || ours === undefined) continue;
        for (const value of values) expect(ours, `${shape}.${name}`).toContain(value.toLowerCase());
      }
    }
  });
});

interface Pair {
  readonly shape: ShapeName;
  readonly definition: string;
  readonly request: boolean;
}

/** Table shapes with the definitions they stand for, found by walking both from the operations down. */
function pairs(facts: OpenApiFacts): readonly Pair[] {
  const found = new Map<string, Pair>();
  const visit = (shape: ShapeName, definition: string, request: boolean): void => {
    if (found.has(`${shape} ${definition}`) || facts.shapes[definition] === undefined) return;
    found.set(`${shape} ${definition}`, { shape, definition, request });
    for (const [name, row] of dataContract.rowsOf(shape)) {
      const type = facts.shapes[definition]?.[name];
      if (type !== undefined && dataContract.isShape(row.type)) visit(row.type, plain(type), request);
    }
  };
  for (const [key, fact] of Object.entries(facts.operations)) {
    const row = operations.find(({ method, path }) => `${method} ${path}` === key);
    if (row?.body !== undefined && fact.body !== undefined) visit(row.body, fact.body, true);
  }
  for (const [key, fact] of Object.entries(facts.operations)) {
    const row = operations.find(({ method, path }) => `${method} ${path}` === key);
    if (row?.response !== undefined && fact.response !== undefined) visit(row.response, fact.response, false);
  }
  return [...found.values()];
}

function plain(type: string | undefined): string {
  return (type ?? '').replace(/ readOnly$/, '').replace(/!$/, '').replace(/\[\]$/, '');
}

function compare(shape: ShapeName, definition: string, request: boolean, facts: OpenApiFacts, revision: number): readonly string[] {
  const expected = facts.shapes[definition] ?? {};
  const rows = new Map(dataContract.rowsOf(shape));
  const label = (name: string): string => `${revision}:${shape}.${name}`;
  const differences: string[] = [];
  for (const [name, type] of Object.entries(expected)) {
    const row = rows.get(name);
    // A PUT of newer versions names the whole resource as its body; what is only answered is no part of the request.
    const answered = type.endsWith(' readOnly') && request && row === undefined;
    if (name === 'odata.metadata' || answered) continue;
    if (row === undefined || !knownIn(row, parseApiVersion(textOf(revision)).revision)) {
      differences.push(`missing ${label(name)}`);
      continue;
    }
    if (!sameType(row, type, facts)) differences.push(`type ${label(name)} ${type} ${row.type}`);
    if (request && isRequiredIn(row, parseApiVersion(textOf(revision)).revision) !== type.replace(/ readOnly$/, '').endsWith('!')) differences.push(`required ${label(name)}`);
  }
  for (const [name, row] of rows) {
    if (expected[name] === undefined && knownIn(row, parseApiVersion(textOf(revision)).revision)) differences.push(`absent ${label(name)}`);
  }
  return differences;
}

function textOf(revision: number): string {
  return OPEN_API_VERSIONS.find((text) => parseApiVersion(text).revision === revision) ?? '';
}

const SCALAR_KINDS: Readonly<Record<string, readonly string[]>> = {
  'string': ['string', 'duration', 'timestamp', 'int64'],
  'string:duration': ['duration'],
  'string:date-time': ['timestamp', 'string'],
  'string:int64': ['int64'],
  'string:uri': ['string'],
  'string:byte': ['string'],
  'integer:int32': ['int32', 'int64'],
  'integer:int64': ['int64'],
  'number': ['double', 'int32'],
  'number:double': ['double'],
  'number:float': ['double'],
  'boolean': ['boolean'],
  'map': ['map'],
};

function sameType(row: PropertyRow, type: string, facts: OpenApiFacts): boolean {
  if (type.replace(/!?( readOnly)?$/, '').endsWith('[]') !== (row.list === true)) return false;
  const kind = plain(type);
  if (facts.shapes[kind] !== undefined) return dataContract.isShape(row.type);
  if (facts.enums[kind] !== undefined || kind.includes('|')) return dataContract.enumValues(row.type) !== undefined;
  // Enums of two versions lost their values in the reconstruction and read as strings there.
  if (dataContract.enumValues(row.type) !== undefined) return kind === 'string' || !(kind in SCALAR_KINDS);
  return SCALAR_KINDS[kind]?.includes(row.type) ?? false;
}
