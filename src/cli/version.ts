import { readFileSync } from 'node:fs';

/** The version in our package.json, which lies two directories up from here in the sources and in a build. */
export function releaseVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) return 'unknown';
  return String(manifest.version);
}
