import { quoteForShell } from '../../base/shellWords.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { CONFIG_VARIABLE } from '../local/record.ts';
import type { NodeRequest } from '../provider.ts';
import { remoteAgentOptions } from '../remote/agentOptions.ts';
import type { RemoteService } from '../remote/service.ts';
import { ANNOTATION, KUEUE, labelsOf, podName } from './names.ts';
import { AGENT_COMMAND, containerImage, GPU_RESOURCE, type KubernetesOptions, PREEMPTION_GRACE_S } from './options.ts';

/** As on Azure; the directory is the pod's own, and goes with it. */
const WORK = '/mnt/batch';
const CREDENTIAL = '/run/linarite';
const CONFIG = 'config.json';
const CONTAINER = 'agent';
/** What an agent needs that runs as root: users, owners, signals. */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID'] as const;
/** The agent is told to end so long before the pod is killed. */
const LAST_SECONDS = 5;

/**
 * The pod of one life of a node. Its container becomes no other: when the agent ends, the pod has ended, and Kubernetes
 * starts nothing again. Throws an Error for a VM size that says too little.
 */
export function podOf(request: NodeRequest, { cluster }: Pick<RemoteService, 'cluster'>, options: KubernetesOptions): object {
  const { node, life, nodeId, poolId, priority, vmSize, image } = request;
  const name = podName(cluster, node, life);
  const isRoot = (options.runAsUser ?? 0) === 0;
  const graceSeconds = options.preemptionGraceSeconds ?? PREEMPTION_GRACE_S;
  const priorityClass = priority === 'low' ? options.lowPriorityClass : options.dedicatedPriorityClass;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { ...options.labels, ...labelsOf(cluster, request), ...(options.queue === undefined ? {} : { [KUEUE.queue]: options.queue }) },
      annotations: { ...options.annotations, [ANNOTATION.nodeId]: nodeId, [ANNOTATION.poolId]: poolId },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: graceSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(options.serviceAccount === undefined ? {} : { serviceAccountName: options.serviceAccount }),
      ...(options.runtimeClass === undefined ? {} : { runtimeClassName: options.runtimeClass }),
      ...(options.scheduler === undefined ? {} : { schedulerName: options.scheduler }),
      ...(options.nodeSelector === undefined ? {} : { nodeSelector: options.nodeSelector }),
      ...(options.tolerations === undefined ? {} : { tolerations: options.tolerations }),
      ...(options.imagePullSecrets === undefined ? {} : { imagePullSecrets: options.imagePullSecrets.map((secret) => ({ name: secret })) }),
      ...(priorityClass === undefined ? {} : { priorityClassName: priorityClass }),
      securityContext: { runAsUser: options.runAsUser ?? 0, ...(isRoot ? {} : { runAsNonRoot: true, fsGroup: options.runAsUser }), ...(options.privileged === true ? {} : { seccompProfile: { type: 'RuntimeDefault' } }) },
      containers: [
        {
          name: CONTAINER,
          image: containerImage(options, image),
          ...(options.imagePullPolicy === undefined ? {} : { imagePullPolicy: options.imagePullPolicy }),
          command: ['/bin/sh', '-c', startScript(options.agentCommand ?? AGENT_COMMAND, isRoot)],
          ...(priority === 'low' && graceSeconds > LAST_SECONDS ? { lifecycle: { preStop: { exec: { command: ['/bin/sleep', String(graceSeconds - LAST_SECONDS)] } } } } : {}),
          resources: resourcesOf(vmSize, options.gpuResource ?? GPU_RESOURCE),
          securityContext: {
            privileged: options.privileged === true,
            allowPrivilegeEscalation: options.privileged === true,
            ...(options.privileged === true ? {} : { capabilities: { drop: ['ALL'], ...(isRoot ? { add: [...CAPABILITIES, ...(options.capabilities ?? [])] } : {}) } }),
          },
          volumeMounts: [
            { name: 'work', mountPath: WORK },
            { name: 'credential', mountPath: CREDENTIAL, readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: 'work', emptyDir: {} },
        { name: 'credential', secret: { secretName: name, defaultMode: isRoot ? 0o400 : 0o440 } },
      ],
    },
  };
}

/**
 * What the agent is configured by, credential included. Kubernetes deletes it with the pod; it is made after the pod,
 * and the kubelet waits for it.
 */
export function secretOf(request: NodeRequest, service: RemoteService, options: KubernetesOptions, podUid: string): object {
  const name = podName(service.cluster, request.node, request.life);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: { name, labels: labelsOf(service.cluster, request), ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: podUid }] },
    data: secretData(request, service, options),
  };
}

export function secretData(request: NodeRequest, service: RemoteService, options: KubernetesOptions): Readonly<Record<string, string>> {
  const isRoot = (options.runAsUser ?? 0) === 0;
  const config = { ...remoteAgentOptions(request, service, WORK, isRoot), rootDirectory: `${WORK}/tasks` };
  return { [CONFIG]: Buffer.from(JSON.stringify(config)).toString('base64') };
}

/**
 * A shell as the container's first process, since that has to take in what tasks leave behind, which an agent does not.
 * It hands signals on and ends as the agent does. As another user than root the agent gets the file as its own: what
 * Kubernetes mounts for such a user, its group can read.
 */
function startScript(program: readonly string[], isRoot: boolean): string {
  const file = isRoot ? `${CREDENTIAL}/${CONFIG}` : `${WORK}/${CONFIG}`;
  return [
    ...(isRoot ? [] : [`(umask 077 && cat ${CREDENTIAL}/${CONFIG} >${file}) || exit 1`]),
    `${CONFIG_VARIABLE}=${file} ${program.map(quoteForShell).join(' ')} &`,
    'agent=$!',
    `trap 'kill -TERM $agent 2>/dev/null' TERM INT HUP`,
    'while :; do wait $agent; code=$?; kill -0 $agent 2>/dev/null || exit $code; done',
  ].join('\n');
}

/** All that the size says, as request and as limit: nothing of it is anybody else's. */
function resourcesOf(vmSize: string, gpuResource: string): object {
  const size = findVmSize(vmSize);
  if (size === undefined) throw new Error(`The VM size ${vmSize} is not known: its cores and memory cannot be asked for.`);
  if (size.gpus === null) throw new Error(`How many GPUs a node of ${size.displayName} has is not known: name the size with its gpus in the file of sizes.`);
  const amounts = { cpu: String(size.cores), memory: `${Math.round(size.memoryMiB)}Mi`, ...(size.gpus === 0 ? {} : { [gpuResource]: String(size.gpus) }) };
  return { requests: amounts, limits: amounts };
}
