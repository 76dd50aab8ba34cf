/** Docker's own registry, which names without one mean. */
export const DOCKER_HUB = 'docker.io';

/**
 * The whole name of an image, as docker understands a short one: registry `docker.io`, there `library/` before a name
 * of one part, tag `latest` where neither tag nor digest stands.
 */
export function wholeName(image: string): string {
  const { registry, path } = partsOf(image);
  const named = registry === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  return `${registry}/${/[:@]/.test(named) ? named : `${named}:latest`}`;
}

/** `host[:port]` of its registry. */
export function registryOf(image: string): string {
  return partsOf(image).registry;
}

/** The first part is a registry if it could be a host (distribution reference, "splitDockerDomain"). */
function partsOf(image: string): { readonly registry: string; readonly path: string } {
  const slash = image.indexOf('/');
  const first = image.slice(0, slash);
  const isHost = slash > 0 && (first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase());
  return isHost ? { registry: hostOf(first), path: image.slice(slash + 1) } : { registry: DOCKER_HUB, path: image };
}

/** `host[:port]` of a registry as users write it: `https://index.docker.io/v1/` is docker's own. */
export function hostOf(server: string | null): string {
  const host = (server ?? DOCKER_HUB).replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'index.docker.io' || host === 'registry-1.docker.io' || host === '' ? DOCKER_HUB : host;
}

/** Of these the engines ask no certificate (docker's rule: what is on loopback may be plain HTTP). */
export function isOnLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(host);
}
