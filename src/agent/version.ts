import { readFileSync } from 'node:fs';

function versionIn(text: string): string {
  const manifest: unknown = JSON.parse(text);
  const version: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

/**
 * Shown on the node as its agent's version: that of our package.json, which lies two directories up from here in the
 * sources and in a build.
 */
export const agentVersion = versionIn(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
