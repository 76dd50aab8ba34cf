import { existsSync } from 'node:fs';
import { SCRIPT_DESCRIPTOR, SHELL_NAME } from './slotShell.ts';

/** One process to start: everything absolute, nothing left to look up. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly workingDirectory: string;
  /** Truncated at each start, unless `output` says otherwise. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * `begin`: others will write to the same files, while what this leaves behind still does; `continue`: this is such a
   * one. Left out: it has them for itself.
   */
  readonly output?: 'begin' | 'continue';
}

/**
 * The sentence for a slot shell that starts the command in a child and waits for it. Everything is quoted: a command
 * line never meets a shell's syntax.
 */
export function scriptOf(command: Command, hasPerl = existsSync(PERL)): string {
  const variables = [...command.environment];
  const words = [command.program, ...command.args].map(quote).join(' ');
  const { exports, start, input } = variables.every(([name]) => isShellName(name)) ? exported(variables) : started(variables, hasPerl);
  return (
    `(cd ${quote(command.workingDirectory)} && unset OLDPWD && ` +
    exports +
    `exec ${start}${words}` +
    `) </dev/null ${into('', command.stdout, command.output)} ${into('2', command.stderr, command.output)} ${SCRIPT_DESCRIPTOR}<&-${input}\n`
  );
}

/** Where several write they append: whoever wrote at a place of his own would write over the others. */
function into(descriptor: '' | '2', path: string, output: Command['output']): string {
  const [empty, append] = [`${descriptor}>${quote(path)}`, `${descriptor}>>${quote(path)}`];
  if (output === undefined) return empty;
  return output === 'begin' ? `${empty} ${append}` : append;
}

type Variables = readonly (readonly [name: string, value: string])[];

/**
 * How a command gets its variables: what the shell exports, what it starts in the command's place, and what that reads.
 */
interface Handover {
  readonly exports: string;
  readonly start: string;
  readonly input: string;
}

function exported(variables: Variables): Handover {
  const words = variables.map(([name, value]) => `${name}=${quote(value)}`).join(' ');
  return { exports: words === '' ? '' : `export ${words} && `, start: '', input: '' };
}

/** Perl can set a variable of any name, and is part of nearly every Linux. */
export const PERL = '/usr/bin/perl';
const VARIABLES_DESCRIPTOR = 4;
/**
 * Reads `name=value` in hexadecimal, a line each, and becomes the program; what it says of one that cannot be started
 * has the form of the shell's own message.
 */
const SET_AND_START =
  `open(my $in, "<&=${VARIABLES_DESCRIPTOR}"); while (<$in>) { chomp; my ($n, $v) = split /=/; $ENV{pack "H*", $n} = pack "H*", $v } close $in; ` +
  `exec { $ARGV[0] } @ARGV; print STDERR "${SHELL_NAME}: 1: exec: $ARGV[0]: $!\\n"; exit 126`;

/**
 * Where a shell refuses some names all variables go this way (perl has some of its own, and a locale to complain of):
 * not in arguments, which every user of the machine can read while the program starts. Without perl the refused ones
 * are in those of env(1) until the program has started; `status` says so.
 */
function started(variables: Variables, hasPerl: boolean): Handover {
  if (!hasPerl) {
    const odd = variables.filter(([name]) => !isShellName(name)).map(([name, value]) => quote(`${name}=${value}`));
    return { ...exported(variables.filter(([name]) => isShellName(name))), start: `/usr/bin/env -- ${odd.join(' ')} ` };
  }
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const lines = variables.map(([name, value]) => `${hex(name)}=${hex(value)}\n`).join('');
  return { exports: '', start: `${PERL} -e ${quote(SET_AND_START)} -- `, input: ` ${VARIABLES_DESCRIPTOR}<<'END'\n${lines}END` };
}

/**
 * If all that stands in stderr is the shell's own message that it could not start the program: that message. A message
 * begins with the shell's name (dash) or with the script's path (bash, which may say it in two lines), neither of which
 * a task says by chance.
 */
export function launchMessage(stderr: string, scriptPath: string): string | null {
  const lines = stderr.trimEnd().split('\n');
  const speaker = [SHELL_NAME, scriptPath].find((name) => lines.every((line) => line.startsWith(`${name}: `)));
  return speaker === undefined ? null : (lines[0]?.slice(speaker.length + 2).replace(/^(?:line )?\d+: (?:exec: )?/, '') ?? null);
}

function quote(text: string): string {
  return text.includes("'") ? `'${text.replaceAll("'", String.raw`'\''`)}'` : `'${text}'`;
}

/** Names that a shell would refuse or treat in a way of its own are handed on otherwise. */
function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !/^(_|IFS|PS[0-9]|PWD|OLDPWD|OPT[A-Z]+|PPID|UID|EUID|GROUPS|LINENO|ENV|SHELLOPTS|SHLVL|BASH.*|RANDOM|SECONDS)$/.test(name);
}
