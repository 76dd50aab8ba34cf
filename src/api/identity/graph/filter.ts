import { lowerAscii } from '../../../wire/letters.ts';
import { GraphError } from './errors.ts';

/** What filters look at. */
export interface Filtered {
  readonly id: string;
  readonly appId?: string | undefined;
  readonly displayName: string;
  readonly userPrincipalName?: string | undefined;
}

const TEXT = "'((?:[^']|'')*)'";
/** Each form of a condition that is taken, and whether it holds. */
const CONDITIONS: readonly { readonly form: RegExp; holds(one: Filtered, asked: string): boolean }[] = [
  { form: new RegExp(`^displayName eq ${TEXT}$`), holds: ({ displayName }, asked) => isSame(displayName, asked) },
  { form: new RegExp(`^startswith\\(displayName, ?${TEXT}\\)$`), holds: ({ displayName }, asked) => lowerAscii(displayName).startsWith(lowerAscii(asked)) },
  { form: new RegExp(`^appId eq ${TEXT}$`), holds: ({ appId }, asked) => isSame(appId, asked) },
  { form: new RegExp(`^id eq ${TEXT}$`), holds: ({ id }, asked) => isSame(id, asked) },
  { form: new RegExp(`^userPrincipalName eq ${TEXT}$`), holds: ({ userPrincipalName }, asked) => isSame(userPrincipalName, asked) },
  // A service principal is called by its application's id alone here.
  { form: new RegExp(`^servicePrincipalNames/any\\((\\w+):\\1 eq ${TEXT}\\)$`), holds: ({ appId }, asked) => isSame(appId, asked) },
  // Applications have no addresses of their own here.
  { form: new RegExp(`^identifierUris/any\\((\\w+):\\1 eq ${TEXT}\\)$`), holds: () => false },
];

/** Conditions, joined by `and`. @throws GraphError for another filter. */
export function filterOf(filter: string | undefined): (one: Filtered) => boolean {
  if (filter === undefined) return () => true;
  const tests = filter.split(/ and (?=(?:[^']*'[^']*')*[^']*$)/).map((part) => {
    for (const { form, holds } of CONDITIONS) {
      const asked = form.exec(part.trim())?.at(-1);
      if (asked !== undefined) return (one: Filtered) => holds(one, asked.replaceAll("''", "'"));
    }
    throw new GraphError('Request_UnsupportedQuery', `Unsupported or invalid query filter clause specified: '${part.trim().slice(0, 256)}'.`);
  });
  return (one) => tests.every((test) => test(one));
}

function isSame(value: string | undefined, asked: string): boolean {
  return value !== undefined && lowerAscii(value) === lowerAscii(asked);
}
