import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import type { FailureInfo } from '../core/status.ts';
import { failure } from './failures.ts';
import { asUser, type User } from './users.ts';

/** Endings that only Windows runs by. */
const ENDINGS = /\.(?:exe|bat|cmd|ps1|msi|vbs)$/i;
/** Programs that come with Windows and that command lines written for it begin with. */
const OWN_PROGRAMS = new Set(['cmd', 'powershell']);

/**
 * The failure of a command that could not be started, saying so if the command is one for Windows: people bring such
 * command lines, and "not found" explains nothing to them.
 */
export function windowsFailure(commandLine: string, found: FailureInfo): FailureInfo {
  const word = firstWord(commandLine);
  const name = word.split(/[\\/]/).at(-1)?.toLowerCase() ?? '';
  if (!ENDINGS.test(name) && !OWN_PROGRAMS.has(name)) return found;
  const code = found.code === 'CommandProgramNotFound' ? 'CommandProgramNotFound' : 'CommandLaunchFailed';
  return failure(code, ['Message', `${word} is a program for Windows, and this node runs Linux: give a command line for Linux, such as /bin/sh -c '…'`]);
}

/** As it stands in the command line, its backslashes not taken for quotes. */
function firstWord(commandLine: string): string {
  const [, quoted, plain] = /^\s*(?:"([^"]*)"|(\S+))/.exec(commandLine) ?? [];
  return quoted ?? plain ?? '';
}

/**
 * Whether a file that could be executed is one for Windows after all. Every resource file may be executed, and a shell
 * takes what is no program for a script of its own: `run.bat` would be run line by line as one. A script that names its
 * interpreter, a program of Linux under such a name, and what the kernel has been told to run (binfmt_misc) is none.
 */
export function isWindowsProgram(path: string, user: User): boolean {
  if (!ENDINGS.test(path)) return false;
  const begin = asUser(user, () => beginOf(path));
  if (begin === null || begin.startsWith('#!') || begin.startsWith('\u007fELF')) return false;
  return !(begin.startsWith('MZ') && kernelRunsPrograms());
}

/** null: the file cannot be read, which one that can be executed need not be. */
function beginOf(path: string): string | null {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(4);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

const BINFMT = '/proc/sys/fs/binfmt_misc';

/** Whether an interpreter (wine, mono) is registered for programs that begin with `MZ`. */
function kernelRunsPrograms(): boolean {
  try {
    return readdirSync(BINFMT)
      .filter((name) => name !== 'register' && name !== 'status')
      .map((name) => readFileSync(`${BINFMT}/${name}`, 'latin1'))
      .some((entry) => entry.startsWith('enabled') && /^magic 4d5a/m.test(entry));
  } catch {
    return false;
  }
}
