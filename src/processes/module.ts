import { fileURLToPath } from 'node:url';

/**
 * Arguments for `node` that run one of our modules as a program. In a build the module is JavaScript; run from the sources it
 * is TypeScript and needs the loader that the tests use. `url` is the module's own `import.meta.url` or made from one with
 * `siblingModule`.
 */
export function nodeArguments(url: URL): string[] {
  const path = fileURLToPath(url);
  return path.endsWith('.ts') ? ['--import', import.meta.resolve('tsx'), path] : [path];
}

/**
 * The URL of a module named relative to `base` (an `import.meta.url`), without its ending: `.ts` when `base` is a source,
 * `.js` when it is built.
 */
export function siblingModule(base: string, name: string): URL {
  return new URL(base.endsWith('.ts') ? `${name}.ts` : `${name}.js`, base);
}
