import type { RegistryWork } from '../frames.ts';
import { failure } from '../failures.ts';
import type { FailureInfo } from '../../core/status.ts';
import { messageOf, systemCode } from '../failures.ts';
import { DOCKER_HUB, hostOf, isOnLoopback } from './imageName.ts';

const ASK_MS = 20_000;
/** Docker's registry answers under another name. */
const HUB_HOST = 'registry-1.docker.io';

/**
 * Asks a pool's registries whether they take the credentials, before any image is pulled (the real service logs in: a
 * registry that it can't is an error of the node, seen in reports of its users). Registries that answer in another way
 * are left to the engine: it may know certificates that we don't. Returns what is wrong.
 */
export async function registryFailures(registries: readonly RegistryWork[], signal: AbortSignal): Promise<readonly FailureInfo[]> {
  const found = await Promise.all(registries.map(async (registry) => ({ registry, problem: await problemOf(registry, signal) })));
  return found.flatMap(({ registry, problem }) => (problem === null ? [] : [registryFailure(registry, problem)]));
}

export function registryFailure({ server }: RegistryWork, problem: string): FailureInfo {
  return failure('ContainerInvalidRegistry', ['ContainerRegistry', hostOf(server)], ['Message', problem]);
}

/** null: none that we know of. */
async function problemOf(registry: RegistryWork, signal: AbortSignal): Promise<string | null> {
  if (registry.lacks !== undefined) return registry.lacks;
  const host = hostOf(registry.server);
  const schemes = isOnLoopback(host) ? ['https', 'http'] : ['https'];
  let problem: string | null = null;
  for (const scheme of schemes) {
    try {
      return await ask(`${scheme}://${host === DOCKER_HUB ? HUB_HOST : host}/v2/`, registry, AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]));
    } catch (error) {
      problem = unreachable(error);
    }
  }
  return problem;
}

/** Distribution specification, "Authentication": either basic at the registry, or a token from where it says. */
async function ask(url: string, { username, password }: RegistryWork, signal: AbortSignal): Promise<string | null> {
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  const first = await fetch(url, { headers, signal });
  await first.body?.cancel();
  if (first.status === 403) return 'access is denied to these credentials';
  if (first.status !== 401) return null;
  const challenge = first.headers.get('www-authenticate') ?? '';
  if (!/^bearer /i.test(challenge)) return 'unauthorized: these credentials are not accepted';
  const realm = /realm="([^"]+)"/i.exec(challenge)?.[1];
  if (realm === undefined) return null;
  const service = /service="([^"]+)"/i.exec(challenge)?.[1];
  const token = new URL(realm);
  if (service !== undefined) token.searchParams.set('service', service);
  token.searchParams.set('account', username);
  const second = await fetch(token, { headers, signal });
  await second.body?.cancel();
  return second.status === 401 || second.status === 403 ? 'unauthorized: these credentials are not accepted' : null;
}

function unreachable(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = systemCode(cause);
  return code === 'ENOTFOUND' || code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' ? `the registry cannot be reached: ${messageOf(cause)}` : null;
}
