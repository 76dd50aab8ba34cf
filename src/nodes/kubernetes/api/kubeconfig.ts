import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import type { Cluster, ClusterCredential } from './cluster.ts';
import { execCredential } from './execCredential.ts';
import { at, listAt, textAt } from './json.ts';

/**
 * The cluster that a context of a kubeconfig names ("Organizing Cluster Access Using kubeconfig Files"): by token, file
 * with a token, client certificate, name and password, or a program for credentials. Paths in it are relative to the
 * file. `context` undefined: the current one. Throws an Error that names file and member, never a secret.
 */
export async function fromKubeconfig(file: string, context: string | undefined, env: NodeJS.ProcessEnv): Promise<Cluster> {
  const directory = dirname(resolve(file));
  const config = await readConfig(file);
  const name = context ?? textAt(config, 'current-context') ?? '';
  if (name === '') throw new Error(`${file} has no current-context, and no context is named`);
  const chosen = named(config, 'contexts', name, file);
  const cluster = at(named(config, 'clusters', textAt(chosen, 'context', 'cluster') ?? '', file), 'cluster');
  const userName = textAt(chosen, 'context', 'user') ?? '';
  const user = userName === '' ? {} : at(named(config, 'users', userName, file), 'user');
  const server = textAt(cluster, 'server') ?? '';
  if (!/^https?:\/\//.test(server)) throw new Error(`${file}: the cluster of context ${name} has the server '${server}', which is no URL of http or https`);
  if (at(user, 'auth-provider') !== undefined) throw new Error(`${file}: user ${userName} has an auth-provider, which Kubernetes has removed: name a program for credentials (exec) in its place`);
  const content = (holder: unknown, member: string): string | null => {
    const data = textAt(holder, `${member}-data`);
    if (data !== null) return Buffer.from(data, 'base64').toString();
    const path = textAt(holder, member);
    return path === null ? null : readFileSync(resolve(directory, path), 'utf8');
  };
  const exec = at(user, 'exec') === undefined ? null : execCredential(at(user, 'exec'), directory, env);
  const [certificate, key] = [content(user, 'client-certificate'), content(user, 'client-key')];
  return {
    server: server.replace(/\/+$/, ''),
    namespace: textAt(chosen, 'context', 'namespace'),
    authority: content(cluster, 'certificate-authority'),
    serverName: textAt(cluster, 'tls-server-name'),
    verified: at(cluster, 'insecure-skip-tls-verify') !== true,
    credential: async () => ({ ...(certificate === null || key === null ? {} : { certificate, key }), ...(await authorizationOf(user, directory)), ...(await exec?.ask()) }),
    refused: () => exec?.forget(),
  };
}

async function readConfig(file: string): Promise<unknown> {
  try {
    const { parse } = await import('yaml');
    return parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    throw new Error(`the kubeconfig ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function named(config: unknown, list: string, name: string, file: string): unknown {
  const found = listAt(config, list).find((one) => textAt(one, 'name') === name);
  if (found === undefined) throw new Error(`${file} has none of its ${list} by the name '${name}'`);
  return found;
}

async function authorizationOf(user: unknown, directory: string): Promise<ClusterCredential> {
  const [token, tokenFile, username] = ['token', 'tokenFile', 'username'].map((name) => textAt(user, name) ?? undefined);
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  // Whoever wrote it there may renew it.
  if (tokenFile !== undefined) return { authorization: `Bearer ${(await readFile(resolve(directory, tokenFile), 'utf8')).trim()}` };
  if (username !== undefined) return { authorization: `Basic ${Buffer.from(`${username}:${textAt(user, 'password') ?? ''}`).toString('base64')}` };
  return {};
}
