import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * Arguments for `node` that run one of our modules as a program. In a build the module is JavaScript; run from the
 * sources it is TypeScript and needs the loader that the tests use. `url` is the module's own `import.meta.url` or made
 * from one with `siblingModule`.
 */
export function nodeArguments(url: URL): string[] {
  const path = fileURLToPath(url);
  return path.endsWith('.ts') ? ['--import', import.meta.resolve('tsx'), path] : [path];
}

/**
 * Arguments for `Worker` that run one of our modules as a thread, likewise: there the loader has to be called by hand.
 */
export function threadArguments(url: URL): [program: URL | string, options: WorkerOptions] {
  if (!url.pathname.endsWith('.ts')) return [url, { execArgv: [] }];
  const program = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))}).then(({ register }) => { register(); return import(${JSON.stringify(url.href)}); })`;
  return [program, { eval: true, execArgv: [] }];
}

/**
 * The URL of a module named relative to `base` (an `import.meta.url`), without its ending: `.ts` when `base` is a
 * source, `.js` when it is built.
 */
export function siblingModule(base: string, name: string): URL {
  return new URL(base.endsWith('.ts') ? `${name}.ts` : `${name}.js`, base);
}
