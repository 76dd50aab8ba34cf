import { SCRIPT_DESCRIPTOR, shellName } from './slotShell.ts';

/** One process to start: everything absolute, nothing left to look up. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly workingDirectory: string;
  /** Truncated at each start. */
  readonly stdout: string;
  readonly stderr: string;
}

/** The sentence for a slot shell that starts the command in a child and waits for it. Everything is quoted: a command line never meets a shell's syntax. */
export const scriptOf = (command: Command): string => {
  const exports: string[] = [];
  const odd: string[] = [];
  for (const [name, value] of command.environment) (isShellName(name) ? exports : odd).push(isShellName(name) ? `${name}=${quote(value)}` : quote(`${name}=${value}`));
  const words = [command.program, ...command.args].map(quote).join(' ');
  return (
    `(cd ${quote(command.workingDirectory)} && unset OLDPWD && ` +
    (exports.length === 0 ? '' : `export ${exports.join(' ')} && `) +
    `exec ${odd.length === 0 ? '' : `/usr/bin/env -- ${odd.join(' ')} `}${words}` +
    `) </dev/null >${quote(command.stdout)} 2>${quote(command.stderr)} ${SCRIPT_DESCRIPTOR}<&-\n`
  );
};

/**
 * If all that stands in stderr is the shell's own message that it could not start the program: that message. A message begins with the shell's name (dash)
 * or with the script's path (bash, which may say it in two lines), neither of which a task says by chance.
 */
export const launchMessage = (stderr: string, scriptPath: string): string | null => {
  const lines = stderr.trimEnd().split('\n');
  const speaker = [shellName, scriptPath].find((name) => lines.every((line) => line.startsWith(`${name}: `)));
  return speaker === undefined ? null : (lines[0]?.slice(speaker.length + 2).replace(/^(?:line )?\d+: (?:exec: )?/, '') ?? null);
};

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Names that a shell would refuse or treat in a way of its own are handed on by env(1) instead. */
const isShellName = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !/^(_|IFS|PS[0-9]|PWD|OLDPWD|OPT[A-Z]+|PPID|UID|EUID|GROUPS|LINENO|ENV|SHELLOPTS|SHLVL|BASH.*|RANDOM|SECONDS)$/.test(name);
