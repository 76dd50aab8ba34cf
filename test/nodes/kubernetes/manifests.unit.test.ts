import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readMapping } from '../../../src/cli/service/providers/document.ts';
import { providersOf } from '../../../src/cli/service/providers/file.ts';
import { at, listAt, textAt, textsAt } from '../../../src/nodes/kubernetes/api/json.ts';
import { RIGHTS } from '../../../src/nodes/kubernetes/probe.ts';

function textOf(file: string): string {
  return readFileSync(new URL(`../../../deploy/kubernetes/${file}`, import.meta.url), 'utf8');
}

/** The objects of a manifest. */
function objectsOf(file: string): readonly unknown[] {
  return parseAllDocuments(textOf(file)).map((document): unknown => document.toJS());
}

const [KUSTOMIZATION] = objectsOf('kustomization.yaml');
const ALL = listAt(KUSTOMIZATION, 'resources').flatMap((file) => objectsOf(String(file)));

function named(kind: string, name: string): unknown {
  const found = ALL.find((object) => textAt(object, 'kind') === kind && textAt(object, 'metadata', 'name') === name);
  if (found === undefined) throw new Error(`the base has no ${kind} ${name}`);
  return found;
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

test('the base is whole: what the Deployment names is there, and the Service finds its pods and their port', () => {
  const pod = at(named('Deployment', 'linarite'), 'spec', 'template');
  named('ServiceAccount', textAt(pod, 'spec', 'serviceAccountName') ?? '');
  const volumes = listAt(pod, 'spec', 'volumes');
  for (const volume of volumes) {
    const [claim, config] = [textAt(volume, 'persistentVolumeClaim', 'claimName'), textAt(volume, 'configMap', 'name')];
    if (claim !== null) named('PersistentVolumeClaim', claim);
    if (config !== null) expect(listAt(KUSTOMIZATION, 'configMapGenerator').map((one) => textAt(one, 'name'))).toContain(config);
  }
  const mounts = listAt(pod, 'spec', 'containers', 0, 'volumeMounts').map((mount) => textAt(mount, 'name'));
  expect(mounts.toSorted()).toEqual(volumes.map((volume) => textAt(volume, 'name')).toSorted());
  const service = named('Service', 'linarite');
  expect(textsAt(pod, 'metadata', 'labels')).toMatchObject(textsAt(service, 'spec', 'selector'));
  expect(listAt(pod, 'spec', 'containers', 0, 'ports')).toContainEqual({ name: textAt(service, 'spec', 'ports', 0, 'targetPort'), containerPort: 10_800 });
  expect(textsAt(named('Deployment', 'linarite'), 'spec', 'selector', 'matchLabels')).toEqual(textsAt(service, 'spec', 'selector'));
});

test('its file of providers is one, names the Service by its name, and PriorityClasses that are there', () => {
  const text = textOf('providers.yaml');
  const { service, byDefault } = providersOf(readMapping(text));
  expect([service, byDefault]).toEqual(['https://linarite:10800', 'cluster']);
  for (const [, name = ''] of text.matchAll(/PriorityClass: (\S+)/g)) named('PriorityClass', name);
});

test('the pod of the service meets the Pod Security Standard `restricted`', () => {
  const pod = at(named('Deployment', 'linarite'), 'spec', 'template', 'spec');
  expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }, containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }] });
});
