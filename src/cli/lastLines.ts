/** The last lines of a text, and a word about those left out. */
export function lastLines(text: string, most: number): string[] {
  const all = text.trimEnd().split('\n');
  return all.length <= most ? all : [`… ${all.length - most} lines before`, ...all.slice(-most)];
}
