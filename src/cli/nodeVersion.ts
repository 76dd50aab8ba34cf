/** The oldest Node.js that runs this: `engines` of package.json and the launcher say the same. */
const OLDEST: readonly [major: number, minor: number] = [20, 19];

/** Why a release of Node.js does not run this; empty when it does. In syntax that old releases read. */
export function refusedNode(version: string): string {
  const parts = version.split('.').map(Number);
  const major = parts[0] || 0;
  const minor = parts[1] || 0;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return '';
  return 'Node.js ' + OLDEST.join('.') + ' or newer is needed, this is ' + version + ': https://nodejs.org';
}
