import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import { inCluster, isInCluster } from '../../../src/nodes/kubernetes/api/inCluster.ts';
import { fromKubeconfig } from '../../../src/nodes/kubernetes/api/kubeconfig.ts';
import { startStandInApi } from './standInApi.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-kubeconfig-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function written({ user = {}, cluster = {}, ...rest }: { readonly user?: object; readonly cluster?: object; readonly [name: string]: unknown } = {}): string {
  const path = join(directory, 'config');
  const config = { 'current-context': 'here', contexts: [{ name: 'here', context: { cluster: 'lab', user: 'me', namespace: 'batch' } }, { name: 'bare', context: { cluster: 'lab' } }], clusters: [{ name: 'lab', cluster: { server: 'https://lab.example:6443/', ...cluster } }], users: [{ name: 'me', user }], ...rest };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('a kubeconfig says', () => {
  test('where the cluster is and whom to trust there, by what stands in it or in files beside it', async () => {
    writeFileSync(join(directory, 'ca.pem'), 'CA');
    expect(await fromKubeconfig(written({ cluster: { 'certificate-authority': 'ca.pem', 'tls-server-name': 'kubernetes' } }), undefined, {})).toMatchObject({ server: 'https://lab.example:6443', namespace: 'batch', authority: 'CA', serverName: 'kubernetes', verified: true });
    expect(await fromKubeconfig(written({ cluster: { 'certificate-authority-data': Buffer.from('DATA').toString('base64') } }), 'bare', {})).toMatchObject({ namespace: null, authority: 'DATA' });
    expect(await fromKubeconfig(written({ cluster: { 'insecure-skip-tls-verify': true } }), undefined, {})).toMatchObject({ verified: false });
  });

  test('who we are: a token, one that is renewed in its file, a certificate, a name and password, or nobody', async () => {
    const credentialOf = async (user: object, context?: string): Promise<unknown> => (await fromKubeconfig(written({ user }), context, {})).credential();
    expect(await credentialOf({ token: 't' })).toEqual({ authorization: 'Bearer t' });
    writeFileSync(join(directory, 'token'), 'first\n');
    const renewed = await fromKubeconfig(written({ user: { tokenFile: 'token' } }), undefined, {});
    expect(await renewed.credential()).toEqual({ authorization: 'Bearer first' });
    writeFileSync(join(directory, 'token'), 'second\n');
    expect(await renewed.credential()).toEqual({ authorization: 'Bearer second' });
    expect(await credentialOf({ 'client-certificate-data': Buffer.from('C').toString('base64'), 'client-key-data': Buffer.from('K').toString('base64') })).toEqual({ certificate: 'C', key: 'K' });
    expect(await credentialOf({ username: 'me', password: 'p' })).toEqual({ authorization: `Basic ${Buffer.from('me:p').toString('base64')}` });
    expect(await credentialOf({}, 'bare')).toEqual({});
  });

  test.each([
    [{ 'current-context': '' }, undefined, 'has no current-context'],
    [{}, 'elsewhere', 'has none of its contexts by the name \'elsewhere\''],
    [{ clusters: [] }, undefined, 'has none of its clusters by the name \'lab\''],
    [{ cluster: { server: 'lab' } }, undefined, 'has the server \'lab\', which is no URL'],
    [{ user: { 'auth-provider': { name: 'gcp' } } }, undefined, 'has an auth-provider, which Kubernetes has removed'],
  ])('what is wrong with it: %j', async (change, context, words) => {
    await expect(fromKubeconfig(written(change), context, {})).rejects.toThrow(words);
  });

  test('that it cannot be read', async () => {
    await expect(fromKubeconfig(join(directory, 'none'), undefined, {})).rejects.toThrow(/^the kubeconfig .*none cannot be read: ENOENT/);
  });
});

describe('a program for credentials', () => {
  function program(text: string): object {
    writeFileSync(join(directory, 'login.sh'), `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" >>${directory}/calls\n${text}\n`);
    chmodSync(join(directory, 'login.sh'), 0o755);
    return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './login.sh', args: ['get'], env: [{ name: 'REALM', value: 'lab' }] } };
  }
  const calls = (): number => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n').length;

  test('is asked once, again when its credential is over or the API server refuses it', async () => {
    const { credential, refused } = await fromKubeconfig(written({ user: program(`echo '{"status": {"token": "'$1-$REALM'"}}'`) }), undefined, process.env);
    expect(await Promise.all([credential(), credential()])).toEqual([{ authorization: 'Bearer get-lab' }, { authorization: 'Bearer get-lab' }]);
    expect(calls()).toBe(1);
    refused();
    await credential();
    expect(calls()).toBe(2);
    const short = await fromKubeconfig(written({ user: program(`echo '{"status": {"token": "x", "expirationTimestamp": "2001-01-01T00:00:00Z"}}'`) }), undefined, process.env);
    await short.credential();
    await short.credential();
    expect(calls()).toBe(4);
    expect(readFileSync(join(directory, 'calls'), 'utf8')).toContain('"interactive":false');
  });

  test.each([['echo "log in first" >&2; exit 1', /login\.sh, which the kubeconfig names for credentials, failed: .*log in first/s], ['echo hello', /printed no JSON/], ['echo {}', /printed no ExecCredential/]])('that does not help is named: %s', async (text, words) => {
    const { credential } = await fromKubeconfig(written({ user: program(text) }), undefined, process.env);
    await expect(credential()).rejects.toThrow(words);
  });

  test('gives a new token to a request that was refused with the old one', async () => {
    const api = await startStandInApi();
    // The stand-in takes any token but none.
    const file = written({ cluster: { server: api.server }, user: program(`test -f ${directory}/again && echo '{"status": {"token": "t"}}' || { touch ${directory}/again; echo '{"status": {"token": "", "clientCertificateData": ""}}'; }`) });
    const client = createApiClient(await fromKubeconfig(file, undefined, process.env));
    expect(await client.ask('GET', '/api/v1/namespaces/x/pods')).toMatchObject({ items: [] });
    expect(calls()).toBe(2);
    client.close();
    await api.close();
  });
});

test('a pod’s service account is read where Kubernetes mounts it, its token each time', async () => {
  for (const [name, text] of [['token', 'one\n'], ['ca.crt', 'CA'], ['namespace', 'batch']] as const) writeFileSync(join(directory, name), text);
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  expect([isInCluster({}, directory), isInCluster(env, join(directory, 'none')), isInCluster(env, directory)]).toEqual([false, false, true]);
  const cluster = inCluster(env, directory);
  expect(cluster).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'batch', authority: 'CA', verified: true });
  expect(await cluster.credential()).toEqual({ authorization: 'Bearer one' });
  writeFileSync(join(directory, 'token'), 'two\n');
  expect(await cluster.credential()).toEqual({ authorization: 'Bearer two' });
});
