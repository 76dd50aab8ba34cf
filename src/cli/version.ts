import { readFileSync } from 'node:fs';

/** The version in our package.json, which lies two directories up from here in the sources and in a build. */
export function releaseVersion(): string {
  const manifest = jsonAt('../../package.json');
  return manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

/**
 * `0.1.0 (build 1a2b3c4d5e6f, 2026-11-30)`: the release is the first word. Without a commit where the build was made
 * from no clone, the release alone where nothing was built (scripts/buildInfo.mjs).
 */
export function versionLine(): string {
  const build = jsonAt('../build.json');
  if (build === null || !('day' in build)) return releaseVersion();
  const parts = ['commit' in build ? build.commit : null, build.day].filter((part) => typeof part === 'string');
  return `${releaseVersion()} (build ${parts.join(', ')})`;
}

function jsonAt(path: string): object | null {
  try {
    const read: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
    return typeof read === 'object' ? read : null;
  } catch {
    // Not there.
    return null;
  }
}
