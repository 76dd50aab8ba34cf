import { afterAll, describe, expect, test } from 'vitest';
import { dataContract } from '../../src/wire/dataContract.ts';
import { isServedIn, MANAGEMENT_ROWS, type ManagementRow } from '../../src/wire/management/operations.ts';
import { inDataSpelling } from '../../src/wire/management/pool/spelling.ts';
import { shapes } from '../../src/wire/shapes/index.ts';
import { parseManagementVersion } from '../../src/wire/management/versions.ts';
import { compareShape, missingValues, pairsFrom, type Pair } from './drift.ts';
import { MANAGEMENT_OPEN_API_VERSIONS, managementOpenApi, type OpenApiFacts } from './fixtures.ts';
import { managementShapeAt, managementShapesOf } from './managementShapes.ts';

/** Where the tables mean to differ from the facts, and why. */
const REVIEWED: readonly { readonly difference: RegExp; readonly why: string }[] = [
  { difference: /^not in 20: NetworkSecurityPerimeter_/, why: 'version history: they came with 2024-07-01; an early form of it had none' },
  { difference: /^absent \d+:ImageReference\.exactVersion$/, why: 'answered by the data plane alone; no request may carry it' },
  { difference: /^absent 12:NetworkConfiguration\.dynamicVNetAssignmentScope$/, why: 'the data plane has it in that version, and reads it here' },
  { difference: /^required 12:ContainerRegistry\.(username|password)$/, why: 'an identity may stand in its place since 14; a rule asks for one of them' },
  { difference: /^required \d+:StartTask\.commandLine$/, why: 'an empty start task takes the one away that is there; any other needs its command' },
  { difference: /^required 18:(ArmCheckAccountName\.type|ArmIpRule\.action|VirtualMachineConfiguration\.imageReference)$/, why: 'required in the facts before and after' },
  { difference: /^required 20:ArmCertificateProperties\.data$/, why: 'the data plane asks for it, in the same words' },
  { difference: /^type \d+:ArmPoolProperties\.(autoScaleRun|resizeOperationStatus|allocationState|provisioningState) /, why: 'only answers have it: what is sent back is not looked into' },
  { difference: /^type \d+:Arm(PackageProperties\.state|PrivateEndpointConnectionProperties\.provisioningState) /, why: 'as above' },
  { difference: /^type \d+:ArmCertificateReference\.(storeLocation|visibility) /, why: "the data plane's contract reads it" },
];
const used = new Set<RegExp>();

afterAll(() => {
  // A difference that is no more must not stay excused.
  expect(REVIEWED.filter(({ difference }) => !used.has(difference))).toEqual([]);
});

const ROWS: readonly ManagementRow[] = MANAGEMENT_ROWS;

/** The facts, in the data plane's names where that has a shape of the same name. */
function factsOf(version: string): OpenApiFacts {
  const facts = managementOpenApi(version);
  const spelt = Object.entries(facts.shapes).map(([name, shape]) => {
    const known = Object.keys(shapes).find((one) => one.toLowerCase() === name.toLowerCase());
    return [name, known !== undefined && dataContract.isShape(known) ? (inDataSpelling(known, shape) as typeof shape) : shape];
  });
  return { ...facts, shapes: Object.fromEntries(spelt) };
}

describe.each(MANAGEMENT_OPEN_API_VERSIONS)('the tables of Microsoft.Batch against the OpenAPI facts of %s', (version) => {
  const facts = factsOf(version);
  const { revision } = parseManagementVersion(version);
  const rowOf = (key: string): ManagementRow | undefined => ROWS.find(({ method, path }) => `${method} ${path}` === key);

  test('every operation is there with its body, query and conditions, and no other', () => {
    for (const [key, fact] of Object.entries(facts.operations)) {
      const row = rowOf(key);
      if (row === undefined) throw new Error(`${key} is in no table`);
      expect(isServedIn(row, revision), key).toBe(true);
      expect(row.shape !== undefined, `${key} body`).toBe(fact.body !== undefined);
      // Azure Resource Manager itself takes `$top` of lists of resources.
      expect((row.query ?? []).filter((name) => name !== '$top').toSorted(), `${key} query`).toEqual([...(fact.query ?? [])].toSorted());
      // Whatever answers an ETag hears of it, as the facts have it of pools, certificates and connections.
      expect(row.conditional ?? [], `${key} conditional`).toEqual(expect.arrayContaining([...(fact.conditional ?? [])]));
    }
    const others = ROWS.filter((row) => row.path.includes('Microsoft.Batch') && isServedIn(row, revision) && facts.operations[`${row.method} ${row.path}`] === undefined);
    expect(others.map(({ id }) => id).filter((id) => !/(OperationResult|DeletionResult)$/.test(id)).map((id) => `not in ${revision}: ${id}`).filter(isUnexpected)).toEqual([]);
  });

  test('every property of a body is there with its type, and none that the version does not have', () => {
    const differences = pairs(facts).flatMap((pair) => compareShape(pair, facts, revision, managementShapesOf, managementShapeAt));
    expect(differences.filter(isUnexpected)).toEqual([]);
  });

  test('every value of every enum is there', () => {
    expect(pairs(facts).flatMap((pair) => missingValues(pair, facts, managementShapesOf)).filter(isUnexpected)).toEqual([]);
  });
});

function isUnexpected(found: string): boolean {
  const reviewed = REVIEWED.find(({ difference }) => difference.test(found));
  if (reviewed !== undefined) used.add(reviewed.difference);
  return reviewed === undefined;
}

function pairs(facts: OpenApiFacts): readonly Pair[] {
  const roots = ROWS.flatMap((row): readonly Pair[] => {
    const definition = facts.operations[`${row.method} ${row.path}`]?.body;
    return row.shape === undefined || definition === undefined ? [] : [{ shape: row.shape, definition, request: true }];
  });
  return pairsFrom(roots, facts, managementShapesOf, managementShapeAt);
}
