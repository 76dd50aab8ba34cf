/**
 * Paths of the values that `asked` has and `there` has not, or has otherwise. What is asked for as null or as an empty
 * list is the same as what is left out; what `there` has beyond is no difference.
 */
export function differences(asked: unknown, there: unknown, path = ''): readonly string[] {
  if (isNothing(asked)) return isNothing(there) ? [] : [path];
  if (Array.isArray(asked)) {
    if (!Array.isArray(there) || there.length !== asked.length) return [path];
    return asked.flatMap((item, index) => differences(item, there[index], `${path}[${index}]`));
  }
  if (isObject(asked)) {
    const members = isObject(there) ? there : {};
    const found = Object.entries(asked).flatMap(([name, value]) => differences(value, members[name], path === '' ? name : `${path}.${name}`));
    return found;
  }
  return asked === there ? [] : [path];
}

/** The property of the item itself that a path begins with. */
export function topOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
