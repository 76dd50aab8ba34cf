/**
 * What the page shows, as the fragment of its address: `#/jobs/render?state=failed`. Paths of the service belong to the
 * data plane, and fragments are sent to nobody.
 */

/** A place within the page. */
export interface Route {
  /** Decoded; none for the overview. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export const HOME: Route = { path: [], query: {} };

/** `hash`: as `location.hash`. What cannot be read is the overview. */
export function routeOf(hash: string): Route {
  const [path = '', ...query] = hash.replace(/^#\/?/, '').split('?');
  const segments = path.split('/').filter((segment) => segment !== '').map(decoded);
  if (segments.includes(null)) return HOME;
  return { path: segments.filter((segment) => segment !== null), query: Object.fromEntries(new URLSearchParams(query.join('?'))) };
}

/** Empty values are left out. */
export function hashOf({ path, query }: Route): string {
  const set = Object.entries(query).filter(([, value]) => value !== '');
  const rest = set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
  return `#/${path.map(encodeURIComponent).join('/')}${rest}`;
}

/** A link to a place. */
export function to(path: readonly string[], query: Route['query'] = {}): string {
  return hashOf({ path, query });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
