import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createImages } from '../../src/agent/containers/images.ts';
import { registryFailures } from '../../src/agent/containers/registries.ts';
import { TaskFailure } from '../../src/agent/failures.ts';
import { containerOf, containersOf } from '../../src/control/containerWork.ts';

const ID = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine';
const REGISTRY = { registryServer: 'registry.example', identityReference: { resourceId: ID } };
const LACKS = { name: 'Message', value: `The nodes of the pool have no managed identity ${ID}: use a user name and a password` };

/** Of an engine that has no image and can pull none: that would be another error. */
const images = createImages({
  engine: { kind: 'podman', program: '/bin/false', version: '4', runtime: '/bin/false', driver: 'vfs', hasGroups: false, stores: [] },
  call: { program: '/bin/false', args: [], environment: {}, remove: [] },
  directory: tmpdir(),
  makeRoom: () => Promise.resolve(false),
});

test('a pool whose registry is to be reached by a managed identity has nodes that say which is missing, and asks nobody', async () => {
  const containers = containersOf({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { nodeAgentSKUId: 'batch.node.ubuntu 22.04', imageReference: {}, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [REGISTRY] } } });
  const failures = await registryFailures(containers?.registries ?? [], AbortSignal.abort());
  expect(failures).toMatchObject([{ category: 'UserError', code: 'ContainerInvalidRegistry', details: [{ name: 'ContainerRegistry', value: 'registry.example' }, LACKS] }]);
});

test('a task whose registry is to be reached by one fails with what is missing, and no image is pulled', async () => {
  const { container } = containerOf({ containerSettings: { imageName: 'registry.example/tool:1', registry: REGISTRY } });
  if (container === undefined || container.registry === null) throw new Error('the task has no container of a registry');
  const fetched: unknown = await images.fetch(container.image, [container.registry], new AbortController().signal).catch((error: unknown) => (error instanceof TaskFailure ? error.failure : error));
  expect(fetched).toMatchObject({ code: 'ContainerInvalidRegistry', details: [{ name: 'ContainerRegistry', value: 'registry.example' }, LACKS] });
});
