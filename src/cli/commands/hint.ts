/** A command to copy, for the same data directory as the one that prints it. */
export function hint(command: string, dataDir: string | undefined): string {
  return dataDir === undefined ? `${program()} ${command}` : `${program()} ${command} --data-dir ${shellWord(dataDir)}`;
}

/** As it was called: the launcher of a clone says its own name, npx runs what is on no path. */
function program(): string {
  const launcher = process.env['LINARITE_LAUNCHER'];
  if (launcher !== undefined && launcher !== '') return shellWord(launcher);
  return process.env['npm_command'] === 'exec' ? 'npx linarite' : 'linarite';
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
