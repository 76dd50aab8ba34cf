import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';

/** Where Kubernetes mounts a pod's service account ("Accessing the Kubernetes API from a Pod"). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Whether this process is in a pod that has a service account. */
export function isInCluster(env: NodeJS.ProcessEnv, directory = SERVICE_ACCOUNT): boolean {
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(join(directory, 'token'));
}

/** The cluster that this pod is in, as its service account. The kubelet renews the token: it is read each time. */
export function inCluster(env: NodeJS.ProcessEnv, directory = SERVICE_ACCOUNT): Cluster {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
    namespace: readFileSync(join(directory, 'namespace'), 'utf8').trim(),
    authority: readFileSync(join(directory, 'ca.crt'), 'utf8'),
    serverName: null,
    verified: true,
    credential: async () => ({ authorization: `Bearer ${(await readFile(join(directory, 'token'), 'utf8')).trim()}` }),
    refused: () => undefined,
  };
}
