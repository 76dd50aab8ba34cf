import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import { isThere } from '../../../src/nodes/kubernetes/api/errors.ts';
import { textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import { freePort } from '../../support/linarite.ts';
import { canRunPods } from './kubelet.ts';
import { clusterAt, type TestCluster } from './underTest.ts';

/**
 * A real API server, with etcd and, where asked for, the real scheduler: `scripts/build-kubernetes.sh` makes them, and
 * LINARITE_KUBERNETES names the directory. RBAC holds: the service is the ServiceAccount of the manifests.
 */
export interface RealCluster extends TestCluster {
  readonly server: string;
  readonly authority: string;
  readonly serviceToken: string;
  close(): Promise<void>;
}

const DIRECTORY = process.env['LINARITE_KUBERNETES'];

/** Why there is none here; null: there is one. */
export function noRealCluster(): string | null {
  if (!canRunPods) return 'pods are run by root, on Linux';
  if (DIRECTORY === undefined || DIRECTORY === '') return 'LINARITE_KUBERNETES names no directory with a Kubernetes API server (scripts/build-kubernetes.sh makes one)';
  if (!existsSync(join(DIRECTORY, 'bin', 'kube-apiserver'))) return `${DIRECTORY} has no bin/kube-apiserver (scripts/build-kubernetes.sh makes it)`;
  return etcd() === null ? 'etcd is not installed (Debian: etcd-server)' : null;
}

function etcd(): string | null {
  return (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, 'etcd')).find((path) => existsSync(path)) ?? null;
}

const NAMESPACE = 'linarite';
const READY_WITHIN_MS = 90_000;

export async function startRealCluster({ scheduler = false }: { readonly scheduler?: boolean } = {}): Promise<RealCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-kubernetes-'));
  const [clientPort, peerPort, securePort] = await Promise.all([freePort(), freePort(), freePort()]);
  const tokens = { administrator: 'token-of-administrator', service: 'token-of-service' };
  const accounts = ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`];
  writeFileSync(join(directory, 'tokens.csv'), [`${tokens.administrator},admin,admin,"system:masters"`, `${tokens.service},system:serviceaccount:${NAMESPACE}:linarite,linarite,"${accounts.join(',')}"`].join('\n'));
  execFileSync('openssl', ['genrsa', '-out', join(directory, 'sa.key'), '2048'], { stdio: 'ignore' });
  const programs: ChildProcess[] = [];
  const start = (program: string, args: readonly string[]): void => {
    const log = openSync(join(directory, `${program.split('/').at(-1)}.log`), 'a');
    programs.push(spawn(program, args, { stdio: ['ignore', log, log] }));
  };
  const close = async (): Promise<void> => {
    for (const program of programs.toReversed()) {
      if (program.exitCode !== null) continue;
      program.kill('SIGKILL');
      await once(program, 'exit');
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const store = `http://127.0.0.1:${clientPort}`;
    start(etcd() ?? 'etcd', ['--unsafe-no-fsync', '--data-dir', join(directory, 'etcd'), '--listen-client-urls', store, '--advertise-client-urls', store, '--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--initial-cluster', `default=http://127.0.0.1:${peerPort}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peerPort}`]);
    start(join(DIRECTORY ?? '', 'bin', 'kube-apiserver'), [
      `--etcd-servers=${store}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${securePort}`,
      '--insecure-port=0',
      `--cert-dir=${join(directory, 'certs')}`,
      `--token-auth-file=${join(directory, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.232.0.0/24',
      '--service-account-issuer=https://probe',
      `--service-account-key-file=${join(directory, 'sa.key')}`,
      `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
      '--allow-privileged=true',
      '--endpoint-reconciler-type=none',
      // Nobody makes accounts for it here: that is what the controller manager does.
      '--disable-admission-plugins=ServiceAccount',
    ]);
    const server = `https://127.0.0.1:${securePort}`;
    const authority = await untilReady(server, join(directory, 'certs', 'apiserver.crt'), tokens.administrator);
    const administrator = clusterAt(server, tokens.administrator, authority);
    await apply(administrator, { kind: 'Namespace', apiVersion: 'v1', metadata: { name: NAMESPACE } });
    for (const file of ['role.yaml', 'priorities.yaml']) for (const object of manifests(file)) await apply(administrator, object);
    if (scheduler) {
      const kubeconfig = join(directory, 'scheduler.yaml');
      writeFileSync(kubeconfig, kubeconfigOf(server, authority, tokens.administrator));
      start(join(DIRECTORY ?? '', 'bin', 'kube-scheduler'), [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--port=0', '--secure-port=0', `--cert-dir=${join(directory, 'certs-scheduler')}`]);
    }
    return { server, authority, serviceToken: tokens.service, administrator, service: clusterAt(server, tokens.service, authority), namespace: NAMESPACE, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The objects of a manifest of the product. */
function manifests(file: string): readonly unknown[] {
  const text = readFileSync(new URL(`../../../deploy/kubernetes/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document): unknown => document.toJS());
}

/** Where objects of a kind are made. */
const PLACES: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  PriorityClass: '/apis/scheduling.k8s.io/v1/priorityclasses',
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles`,
  RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`,
  ServiceAccount: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
  Service: `/api/v1/namespaces/${NAMESPACE}/services`,
  ConfigMap: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  PersistentVolumeClaim: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
  Deployment: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
};

async function apply(administrator: TestCluster['administrator'], object: unknown): Promise<void> {
  await post(administrator, object, '');
}

/** Whether the server would take the object, which is not made. Throws in its words. */
export async function tryOut(administrator: TestCluster['administrator'], object: unknown): Promise<void> {
  await post(administrator, object, '?dryRun=All&fieldValidation=Strict');
}

async function post(administrator: TestCluster['administrator'], object: unknown, query: string): Promise<void> {
  const kind = textAt(object, 'kind') ?? '';
  const place = PLACES[kind];
  if (place === undefined) throw new Error(`where objects of the kind ${kind} are made is not known here`);
  const client = createApiClient(administrator);
  try {
    await client.ask('POST', `${place}${query}`, object);
  } catch (error) {
    if (!isThere(error)) throw error;
  } finally {
    client.close();
  }
}

export function kubeconfigOf(server: string, authority: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: NAMESPACE } }],
  });
}

/** Its certificate is one that it has made itself. */
async function untilReady(server: string, certificate: string, token: string): Promise<string> {
  const by = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      const authority = readFileSync(certificate, 'utf8');
      const client = createApiClient(clusterAt(server, token, authority));
      try {
        await client.ask('GET', '/readyz/poststarthook/rbac/bootstrap-roles');
        await client.ask('GET', '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical');
        return authority;
      } finally {
        client.close();
      }
    } catch (error) {
      if (Date.now() > by) throw new Error(`the API server is not ready after ${READY_WITHIN_MS / 1_000} s`, { cause: error });
      await delay(200);
    }
  }
}
