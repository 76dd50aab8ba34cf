import type { ContainerWork, NodeSetup, RegistryWork } from '../agent/frames.ts';
import type { ContainerRegistry, PoolAdd, TaskContainerSettings } from '../wire/types.generated.ts';

/** What an agent needs of the container that any kind of task asks for; nothing where it asks for none. */
export function containerOf({ containerSettings: settings }: { readonly containerSettings?: TaskContainerSettings | undefined }): { readonly container?: ContainerWork } {
  if (settings === undefined) return {};
  const { imageName, containerRunOptions, registry, workingDirectory, containerHostBatchBindMounts: mounts } = settings;
  return {
    container: {
      image: imageName,
      runOptions: containerRunOptions ?? '',
      registry: registry === undefined ? null : registryWork(registry),
      workingDirectory: workingDirectory ?? 'taskWorkingDirectory',
      // Left out, all of the node's root is mounted; an empty list mounts nothing of it (OpenAPI).
      mounts: mounts?.flatMap(({ source, isReadOnly }) => (source === undefined ? [] : [{ source, isReadOnly: isReadOnly ?? false }])) ?? null,
    },
  };
}

/** What a node of this pool is told of containers. */
export function containersOf({ virtualMachineConfiguration }: PoolAdd): NonNullable<NodeSetup['containers']> | null {
  const asked = virtualMachineConfiguration?.containerConfiguration;
  if (asked === undefined) return null;
  return { images: asked.containerImageNames ?? [], registries: (asked.containerRegistries ?? []).map(registryWork) };
}

function registryWork({ registryServer, username, password, identityReference }: ContainerRegistry): RegistryWork {
  const server = registryServer ?? null;
  if (identityReference === undefined) return { server, username: username ?? '', password: password ?? '' };
  return { server, username: '', password: '', lacks: `The nodes of the pool have no managed identity ${identityReference.resourceId}: use a user name and a password` };
}
