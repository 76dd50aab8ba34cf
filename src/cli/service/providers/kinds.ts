import type { ClosableProvider } from '../../../nodes/provider.ts';
import type { RemoteService } from '../../../nodes/remote/service.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { kubernetesNodes } from './kubernetes.ts';
import type { Mapping } from './place.ts';
import { slurmNodes } from './slurm.ts';
import { sshHosts } from './ssh.ts';

/** What a provider is made of beside its own configuration. */
export interface ProviderContext {
  /** As the operator names it. */
  readonly name: string;
  readonly directory: DataDirectory;
  /** As agents on other machines know the service. */
  readonly service: RemoteService;
  /** Nodes of this machine: there is one such provider. */
  readonly local: ClosableProvider;
  /** Told what is left of a node, or what an engine says that a person should hear. */
  readonly say: (message: string) => void;
}

/** Makes a provider by what was read of it. */
export type MakeProvider = (context: ProviderContext) => Promise<ClosableProvider>;

/** Reads the properties of one kind, all but `name` and `kind`. @throws BadProviders */
type ReadKind = (mapping: Mapping) => MakeProvider;

/** Nodes of this machine, which need no configuration here. */
export const thisMachine: MakeProvider = ({ local }) => Promise.resolve(local);

/** Where nodes can come from. */
const KINDS = {
  local: () => thisMachine,
  kubernetes: kubernetesNodes,
  slurm: slurmNodes,
  ssh: sshHosts,
} satisfies Readonly<Record<string, ReadKind>>;

export type ProviderKindName = keyof typeof KINDS;

export const PROVIDER_KINDS: Readonly<Record<ProviderKindName, ReadKind>> = KINDS;

export const PROVIDER_KIND_NAMES = Object.keys(KINDS) as readonly ProviderKindName[];
