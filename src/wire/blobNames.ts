/** "Naming and Referencing Containers, Blobs, and Metadata" (Azure Storage documentation). */
const LONGEST_NAME = 1_024;

/**
 * Why a blob can't be written under this name, or null. Servers and clients fold a URL's path: `a/../b` becomes `b`,
 * `x\y` becomes `x/y`, whichever way the parts are encoded, so the blob would get another name than the one asked for,
 * or one that nobody can read. Control characters can't stand in a list of blobs, which is XML.
 */
export function blobNameProblem(name: string): string | null {
  if (name === '') return 'The name of a blob is not empty.';
  if (name.length > LONGEST_NAME) return `The name of a blob has at most ${LONGEST_NAME} characters.`;
  if (name.split('/').some((segment) => segment === '.' || segment === '..')) return 'A blob cannot have a name with a segment . or .. in it.';
  if (name.includes('\\')) return 'A blob cannot have a name with a backslash in it.';
  if (/\p{Cc}/u.test(name)) return 'A blob cannot have a name with a control character in it.';
  return null;
}
