import { accessSync, constants, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_PATH } from '../environment.ts';
import { pathIn } from './imageRoot.ts';

/** Directories at the end of a task's PATH, so that what the machine has, or a start task installs, comes first. */
export interface Programs {
  readonly forAll: string;
  readonly forAdmins: string;
}

/**
 * Programs that scripts for the real service's images expect, and this machine does not have: `python` where there is
 * `python3`, and for admin tasks `sudo`. `directory`: where they are made; `seen`: the path that tasks see it by, when
 * it is another; `root`: where the root of tasks is, when it is another.
 */
export function makePrograms(directory: string, seen: string | null, root: string | null = null): Programs {
  const [all, admins] = [join(directory, 'all'), join(directory, 'admins')];
  for (const path of [directory, all, admins]) mkdirSync(path, { recursive: true, mode: 0o755 });
  const [python, sudo] = [join(all, 'python'), join(admins, 'sudo')];
  for (const path of [python, sudo]) rmSync(path, { force: true });
  const python3 = findOnPath('python3', root);
  if (python3 !== null && findOnPath('python', root) === null) symlinkSync(python3, python);
  if (findOnPath('sudo', root) === null) writeFileSync(sudo, SUDO, { mode: 0o755 });
  return { forAll: join(seen ?? directory, 'all'), forAdmins: join(seen ?? directory, 'admins') };
}

function findOnPath(name: string, root: string | null): string | null {
  const found = DEFAULT_PATH.split(':').map((directory) => join(directory, name));
  return found.find((path) => isExecutable(root === null ? path : pathIn(root, path))) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs its words as sudo(8) would for who is root already: options that change nothing are passed over, another user is
 * asked for by runuser(1).
 */
const SUDO = `#!/bin/sh
# Stands in for sudo(8), which this machine does not have: admin tasks are root already.
user=root group= shell= login= chdir= background=
value() { [ $# -ge 2 ] || { echo "sudo: option requires an argument: $1" >&2; exit 1; }; }
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -u|--user) value "$@"; user=$2; shift 2 ;;
    --user=*) user=\${1#--user=}; shift ;;
    -g|--group) value "$@"; group=$2; shift 2 ;;
    --group=*) group=\${1#--group=}; shift ;;
    -D|--chdir) value "$@"; chdir=$2; shift 2 ;;
    --chdir=*) chdir=\${1#--chdir=}; shift ;;
    -C|-h|-p|-r|-R|-t|-T|-U|--close-from|--host|--prompt|--role|--chroot|--type|--command-timeout|--other-user) value "$@"; shift 2 ;;
    -i|--login) login=1; shift ;;
    -s|--shell) shell=1; shift ;;
    -b|--background) background=1; shift ;;
    -k|--reset-timestamp|-v|--validate|-K|--remove-timestamp|-l|--list) idle=1; shift ;;
    -V|--version|--help) echo 'sudo: a stand-in for machines without sudo; admin tasks are root'; exit 0 ;;
    --*) shift ;;
    -u?*) user=\${1#-u}; shift ;;
    -g?*) group=\${1#-g}; shift ;;
    -[ABEeHnNPS]) shift ;;
    -??*) rest=\${1#-?}; first=\${1%"$rest"}; shift; set -- "$first" "-$rest" "$@" ;;
    -*) echo "sudo: invalid option $1" >&2; exit 1 ;;
    [A-Za-z_]*=*) export "$1"; shift ;;
    *) break ;;
  esac
done
while [ $# -gt 0 ]; do
  case $1 in
    [A-Za-z_]*=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ -z "$chdir" ] || cd -- "$chdir" || exit 1
if [ -n "$login$shell" ]; then
  program=/bin/sh
  [ ! -x /bin/bash ] || program=/bin/bash
  if [ $# -eq 0 ]; then set -- "$program"; else set -- "$program" -c 'exec "$@"' sh "$@"; fi
  [ -z "$login" ] || [ "$user" != root ] || { HOME=/root; export HOME; cd; }
elif [ $# -eq 0 ]; then
  [ -z "$idle" ] || exit 0
  echo 'usage: sudo [options] command' >&2
  exit 1
fi
case $user in
  root|'#0') [ -z "$group" ] || set -- setpriv --regid "$group" --clear-groups -- "$@" ;;
  '#'*) set -- setpriv --reuid "\${user#?}" \${group:+--regid "$group"} --clear-groups -- "$@" ;;
  *) set -- runuser -u "$user" \${group:+-g "$group"} -- "$@"; USER=$user LOGNAME=$user; export USER LOGNAME ;;
esac
if [ -n "$background" ]; then "$@" & exit 0; fi
command -v -- "$1" >/dev/null 2>&1 || { echo "sudo: $1: command not found" >&2; exit 1; }
exec "$@"
`;
