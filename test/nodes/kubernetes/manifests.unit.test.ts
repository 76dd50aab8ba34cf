import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listAt, textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import { RIGHTS } from '../../../src/nodes/kubernetes/probe.ts';

/** The objects of a manifest. */
function objectsOf(file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(new URL(`../../../deploy/kubernetes/${file}`, import.meta.url), 'utf8')).map((document): unknown => document.toJS());
}

test('the Role has the rights that the service asks for, each of them and no other', () => {
  const role = objectsOf('role.yaml').find((object) => textAt(object, 'kind') === 'Role');
  const given = listAt(role, 'rules').flatMap((rule) => {
    expect(listAt(rule, 'apiGroups')).toEqual(['']);
    return listAt(rule, 'resources').flatMap((resource) => listAt(rule, 'verbs').map((verb) => `${String(verb)} ${String(resource)}`));
  });
  expect(given.toSorted()).toEqual(RIGHTS.map(({ verb, resource }) => `${verb} ${resource}`).toSorted());
});

test('nothing gives way to nodes of low priority', () => {
  const low = objectsOf('priorities.yaml').find((object) => textAt(object, 'metadata', 'name') === 'linarite-low-priority');
  expect(low).toMatchObject({ preemptionPolicy: 'Never', value: -100 });
});
