/** The list from which a view was opened, so that keys step to the rows beside it. */
import { routeOf } from './route.ts';

let list: readonly string[] = [];

/** `hrefs`: of its rows, in their order. */
export function rememberList(hrefs: readonly string[]): void {
  list = hrefs;
}

function placeOf(href: string): string {
  return JSON.stringify(routeOf(href).path);
}

/** The address so many rows after `hash` in that list; undefined: it is not of the list, or there is none. */
export function neighbourOf(hash: string, by: 1 | -1): string | undefined {
  const at = list.findIndex((href) => placeOf(href) === placeOf(hash));
  return at === -1 ? undefined : list[at + by];
}
