import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Cluster } from '../../../nodes/kubernetes/api/cluster.ts';
import { inCluster, isInCluster } from '../../../nodes/kubernetes/api/inCluster.ts';
import { fromKubeconfig } from '../../../nodes/kubernetes/api/kubeconfig.ts';
import type { KubernetesOptions, Toleration } from '../../../nodes/kubernetes/options.ts';
import { createKubernetesProvider } from '../../../nodes/kubernetes/provider.ts';
import type { MakeProvider } from './kinds.ts';
import type { Mapping } from './place.ts';

const DAY_S = 86_400;
const MOST_NODES = 100_000;

/** Reads the properties of a provider of the kind `kubernetes`. @throws BadProviders */
export function kubernetesNodes(mapping: Mapping): MakeProvider {
  const options = readOptions(mapping);
  return async ({ name, service, say }) => {
    const cluster = await clusterOf(options);
    return createKubernetesProvider({ service, options, cluster, say: (message) => say(`${name}: ${message}`) });
  };
}

/** As `kubectl` finds it, and the service's own cluster first where it is in one. */
function clusterOf({ kubeconfig, context }: KubernetesOptions): Promise<Cluster> {
  if (kubeconfig === undefined && context === undefined && isInCluster(process.env)) return Promise.resolve(inCluster(process.env));
  return fromKubeconfig(kubeconfig ?? firstOf(process.env['KUBECONFIG']) ?? join(homedir(), '.kube', 'config'), context, process.env);
}

/** A list of files is merged by `kubectl`; here the first counts. */
function firstOf(files: string | undefined): string | undefined {
  return files?.split(':').find((file) => file !== '');
}

function readOptions(mapping: Mapping): KubernetesOptions {
  const kubeconfig = mapping.optionalText('kubeconfig');
  const runAsUser = mapping.optionalNumber('runAsUser', { least: 0, most: 2 ** 31 - 1 });
  const capabilities = mapping.optionalTexts('capabilities');
  if (capabilities !== undefined && runAsUser !== undefined && runAsUser !== 0) throw mapping.bad('capabilities', 'they are of root: runAsUser is another user.');
  const privileged = mapping.optionalFlag('privileged');
  return defined({
    kubeconfig: kubeconfig === undefined ? undefined : resolve(kubeconfig),
    context: mapping.optionalText('context'),
    namespace: named(mapping, 'namespace'),
    image: mapping.text('image'),
    images: mapping.optionalMappings('images')?.map((row) => {
      const read = { pool: row.text('pool'), image: row.text('image') };
      row.end();
      return read;
    }),
    imagePullPolicy: mapping.optionalOneOf('imagePullPolicy', ['Always', 'IfNotPresent', 'Never'] as const),
    imagePullSecrets: mapping.optionalTexts('imagePullSecrets'),
    agentCommand: mapping.optionalTexts('agentCommand'),
    nodeSelector: mapping.optionalNamedTexts('nodeSelector'),
    tolerations: mapping.optionalMappings('tolerations')?.map(readToleration),
    serviceAccount: named(mapping, 'serviceAccount'),
    runtimeClass: named(mapping, 'runtimeClass'),
    scheduler: mapping.optionalText('scheduler'),
    dedicatedPriorityClass: named(mapping, 'dedicatedPriorityClass'),
    lowPriorityClass: named(mapping, 'lowPriorityClass'),
    queue: named(mapping, 'queue'),
    gpuResource: mapping.optionalText('gpuResource'),
    runAsUser,
    capabilities,
    privileged,
    labels: mapping.optionalNamedTexts('labels'),
    annotations: mapping.optionalNamedTexts('annotations'),
    preemptionGraceSeconds: mapping.optionalNumber('preemptionGraceSeconds', { least: 1, most: DAY_S }),
    leaseSeconds: mapping.optionalNumber('leaseSeconds', { least: 30, most: DAY_S }),
    maxNodes: mapping.optionalNumber('maxNodes', { least: 1, most: MOST_NODES }),
  });
}

function readToleration(row: Mapping): Toleration {
  const read = {
    key: row.optionalText('key'),
    operator: row.optionalOneOf('operator', ['Exists', 'Equal'] as const),
    value: row.optionalText('value'),
    effect: row.optionalOneOf('effect', ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const),
    tolerationSeconds: row.optionalNumber('tolerationSeconds', { least: 0, most: DAY_S }),
  };
  row.end();
  return defined(read);
}

/** RFC 1123, as names of Kubernetes are. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function named(mapping: Mapping, property: string): string | undefined {
  const name = mapping.optionalText(property);
  if (name !== undefined && !NAME.test(name)) throw mapping.bad(property, `'${name}' is no name in Kubernetes: small letters, digits, hyphens and dots.`);
  return name;
}

type Defined<Read> = { readonly [Name in keyof Read as undefined extends Read[Name] ? never : Name]: Read[Name] } & { readonly [Name in keyof Read as undefined extends Read[Name] ? Name : never]?: Exclude<Read[Name], undefined> };

/** Without what was left out. */
function defined<Read extends object>(read: Read): Defined<Read> {
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)) as Defined<Read>;
}
