/**
 * The properties that an object really has: readers leave out what was not sent, so spreading this over defaults or an
 * older value changes only what was sent.
 */
export function present<T extends object>(value: T): { readonly [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };
}
