import type { FailureInfo, ResizeError } from '../../core/status.ts';
import type { Cgroup } from '../cgroups.ts';
import { failure, messageOf, TaskFailure } from '../failures.ts';
import type { ContainerWork, NodeSetup, RegistryWork } from '../frames.ts';
import type { NodeNetwork } from '../network/network.ts';
import type { AgentOptions } from '../options.ts';
import { boundImages } from '../place/unpackedImages.ts';
import { engineCall, prepareEngine, storeDirectory } from './engine.ts';
import { createImages, type Images } from './images.ts';
import { type ContainerLauncher, createContainerLauncher } from './launch.ts';
import { containersDirectory } from './leftovers.ts';
import { createRoom, type Removed } from './room.ts';
import { registryFailures } from './registries.ts';
import { layUnpacked } from './runtime/unpackedImages.ts';

/** Containers of a node whose pool has a container configuration. */
export interface Containers {
  /** What the pool asks for beforehand. Returns what keeps the node from working; empty: all is there. */
  fetchAll(signal: AbortSignal): Promise<readonly ResizeError[]>;
  /** The image of a task, by the name that `launcher` takes. Throws TaskFailure. */
  fetchImage(work: ContainerWork, signal: AbortSignal): Promise<string>;
  readonly launcher: ContainerLauncher;
  close(): void;
}

export interface ContainersOptions {
  readonly options: Pick<AgentOptions, 'stateDirectory' | 'rootDirectory' | 'engine' | 'limits' | 'isolation'>;
  readonly asked: NonNullable<NodeSetup['containers']>;
  /** null: the machine's. */
  readonly network: NodeNetwork | null;
  readonly nodeCgroup: Cgroup;
  readonly mostProcesses: number;
  readonly onRemoved: (removed: Removed) => void;
}

/** Throws where this machine has no engine. */
export function createContainers({ options, asked, network, nodeCgroup, mostProcesses, onRemoved }: ContainersOptions): Containers {
  const { engine, rootDirectory, stateDirectory, limits = {} } = options;
  if (engine === undefined) throw new Error('its pool asks for containers, and no engine for them works on this machine');
  const directory = containersDirectory(stateDirectory);
  prepareEngine(engine, directory);
  if (engine.kind === 'runtime') layUnpacked(storeDirectory(directory), boundImages(options));
  const call = engineCall(engine, directory);
  const images: Images = createImages({ engine, call, directory, makeRoom: (urgent) => room.make(urgent) });
  const room = createRoom({ engine, call, directory, images, prefetched: new Set(asked.images), onRemoved });
  const registriesOf = (own: RegistryWork | null): readonly RegistryWork[] => (own === null ? asked.registries : [...asked.registries, own]);

  const fetchOne = async (image: string, signal: AbortSignal): Promise<FailureInfo | null> => {
    try {
      await images.fetch(image, asked.registries, signal);
      return null;
    } catch (error) {
      if (error instanceof TaskFailure) return error.failure;
      return failure('ContainerInvalidImage', ['ContainerImage', image], ['Message', messageOf(error)]);
    }
  };

  return {
    launcher: createContainerLauncher({ engine, call, directory, network, nodeCgroup, mostProcesses, limits, machineRoot: rootDirectory }),
    fetchImage: (work, signal) => images.fetch(work.image, registriesOf(work.registry), signal),
    fetchAll: async (signal) => {
      const unknown = await registryFailures(asked.registries, signal);
      const failures = unknown.length > 0 ? unknown : await Promise.all(asked.images.map((image) => fetchOne(image, signal)));
      return failures.flatMap((found) => (found === null ? [] : [{ code: found.code, message: found.message, ...(found.details === undefined ? {} : { values: found.details }) }]));
    },
    close: () => room.close(),
  };
}
