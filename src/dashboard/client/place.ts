/** The place within the page that the address names. */
import { signal } from '@preact/signals';
import { hashOf, routeOf, type Route } from '../routes/route.ts';

export const route = signal<Route>(routeOf(location.hash));

export function followAddress(): void {
  window.addEventListener('hashchange', () => {
    route.value = routeOf(location.hash);
  });
}

/** A step that Back takes back. */
export function go(hash: string): void {
  location.hash = hash;
}

/** A filter or a tab: another view of the same place. */
export function change(query: Readonly<Record<string, string | undefined>>): void {
  const { path, query: before } = route.value;
  const next = Object.fromEntries(Object.entries({ ...before, ...query }).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
  history.replaceState(null, '', hashOf({ path, query: next }));
  route.value = { path, query: next };
}
