/** A command to copy, for the same data directory as the one that prints it. */
export function hint(command: string, dataDir: string | undefined): string {
  return dataDir === undefined ? `linarite ${command}` : `linarite ${command} --data-dir ${shellWord(dataDir)}`;
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
