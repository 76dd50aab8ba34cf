import { type BatchError, invalidProperty, missing } from './errors.ts';

/** Which properties of a body may, or must, be given together. */

export function exactlyOne<Body extends object>(names: readonly (keyof Body & string)[], body: Body): void {
  const given = names.filter((name) => body[name] !== undefined);
  if (given.length > 1) throw exclusive(names, body);
  if (given.length === 0) throw missing(names[0] ?? '', `One of ${names.join(', ')} must be given.`);
}

export function exclusive<Body extends object>(names: readonly (keyof Body & string)[], body: Body): BatchError {
  const given = names.filter((name) => body[name] !== undefined);
  // Without the value: it may be a credential.
  return invalidProperty(given[1] ?? '', '', `Only one of ${names.join(', ')} may be given.`);
}

export function requireAll<Body extends object>(names: readonly (keyof Body & string)[], body: Body): void {
  for (const name of names) if (body[name] === undefined) throw missing(name);
}
