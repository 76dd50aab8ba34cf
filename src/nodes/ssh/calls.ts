import { join } from 'node:path';
import { quoteForShell } from '../../base/shellWords.ts';
import { ANSWER_ASK, type HostAct, type HostAnswer, type HostAsk } from './host/words.ts';
import type { SshHost } from './hosts.ts';
import type { BroughtProgram } from './program.ts';
import type { Ssh } from './ssh.ts';

export interface HostCallsOptions {
  readonly ssh: Ssh;
  readonly program: () => BroughtProgram;
  /** Nodes of other services have other directories. */
  readonly cluster: string;
  /** On the hosts, absolute: below it all lies that is ours. */
  readonly directory: string;
  /** It is ours, and goes with the last node; else it was there before, and stays. */
  readonly isDirectoryOurs: boolean;
  /** Node.js there. */
  readonly node: string;
  readonly most: number;
}

/** The host answers, and cannot do what it is asked for. Its message is one for people, and names the host. */
export class HostUnfit extends Error {}

/** The same, where it may have begun with what it was asked for. */
export class HostFailed extends HostUnfit {}

export interface HostCalls {
  /**
   * One ask, with the program brought along where it is not there yet. null: nothing of ours is there, and the ask
   * needs nothing. Throws `HostAway`, `HostUnfit`.
   */
  ask(host: SshHost, act: HostAct): Promise<HostAnswer | null>;
  /** Throws `HostAway` unless the host answers now. */
  reach(host: SshHost): Promise<void>;
}

/** Exit codes of the scripts below; ssh(1) has 255, and shells have 126 and 127. */
const NOTHING_THERE = 90;
const NO_PROGRAM = 91;
/** As `engines` of package.json. */
const NODE_CHECK = 'var v=process.versions.node.split(".").map(Number);if(v[0]<20||(v[0]===20&&v[1]<19)){console.error("Node.js 20.19 or newer is needed, this is "+process.versions.node);process.exit(1)}';
/** Somebody else may be at the same directory for so long. */
const LOCK_WITHIN_S = 100;

export function createHostCalls(options: HostCallsOptions): HostCalls {
  const { ssh, cluster, directory, isDirectoryOurs, node, most } = options;
  const call = async (host: SshHost, act: HostAct): Promise<HostAnswer | 'nothing there' | 'no program'> => {
    const { build, main } = options.program();
    const place = placeOf(directory, cluster, host);
    const ask: HostAsk = { nodesDirectory: join(place, 'nodes'), serviceDirectory: place, aboveAll: isDirectoryOurs ? directory : null, most, host: host.name, act };
    const program = join(place, 'programs', build, main);
    const { code, stdout, stderr } = await ssh.run(host, callScript(place, program, node), JSON.stringify(ask));
    if (code === NOTHING_THERE) return 'nothing there';
    if (code === NO_PROGRAM) return 'no program';
    const line = stdout.trim().split('\n').at(-1) ?? '';
    if (code !== 0 || !line.startsWith('{')) throw new HostFailed(`${host.text}: ${lastLine(stderr) || `the agent's program ended with code ${code}`}`);
    return JSON.parse(line) as HostAnswer;
  };
  const bring = async (host: SshHost): Promise<void> => {
    const { build, main, archive } = options.program();
    const { code, stderr } = await ssh.run(host, bringScript({ directory, isDirectoryOurs, place: placeOf(directory, cluster, host), build, main, node }), archive);
    if (code !== 0) throw new HostUnfit(`${host.text}: ${lastLine(stderr) || `the agent's program cannot be brought along (code ${code})`}`);
  };

  return {
    ask: async (host, act) => {
      const first = await call(host, act);
      if (typeof first === 'object') return first;
      if (first === 'nothing there' && act.kind !== 'acquire' && act.kind !== 'probe') return null;
      await bring(host);
      const second = await call(host, act);
      if (typeof second === 'object') return second;
      throw new HostUnfit(`${host.text}: the agent's program was brought along, and is not there.`);
    },
    reach: async (host) => void (await ssh.run(host, ':')),
  };
}

/** Hosts that share a file system have directories of their own on it. */
function placeOf(directory: string, cluster: string, { name }: SshHost): string {
  return join(directory, `${cluster}-${name}`);
}

function callScript(place: string, program: string, node: string): string {
  const words = [place, program, node].map(quoteForShell);
  const run = `[ -f "$1" ] || exit ${NO_PROGRAM}; exec "$2" "$1" ${ANSWER_ASK}`;
  return [
    `set -- ${words.join(' ')}`,
    `[ -d "$1" ] || exit ${NOTHING_THERE}`,
    // What is started from there does not keep the lock.
    `if command -v flock >/dev/null 2>&1; then exec flock -o -w ${LOCK_WITHIN_S} "$1" sh -c '${run}' sh "$2" "$3"; fi`,
    `shift; ${run}`,
  ].join('\n');
}

function bringScript({ directory, isDirectoryOurs, place, build, main, node }: Pick<HostCallsOptions, 'directory' | 'isDirectoryOurs' | 'node'> & { readonly place: string; readonly build: string; readonly main: string }): string {
  const programs = join(place, 'programs');
  const words = [directory, place, programs, join(programs, build), join(programs, build, main), node].map(quoteForShell);
  return [
    'umask 022',
    `set -- ${words.join(' ')}`,
    `say() { echo "$1" >&2; exit 1; }`,
    `command -v "$6" >/dev/null 2>&1 || say "Node.js 20.19 or newer is needed, and there is no program $6"`,
    `"$6" -e '${NODE_CHECK}' || exit 1`,
    `for p in tar gzip; do command -v "$p" >/dev/null 2>&1 || say "$p(1) is needed, and not installed"; done`,
    `mkdir -p "$1" 2>/dev/null || say "the directory $1 cannot be made"`,
    `[ -w "$1" ] || say "the directory $1 cannot be written to"`,
    ...(isDirectoryOurs ? [`[ -O "$1" ] && chmod 711 "$1" || say "the directory $1 belongs to somebody else"`] : []),
    `mkdir -p "$3" && chmod 711 "$2" || say "the directory $2 cannot be made"`,
    `t="$3/new.$$"`,
    `mkdir "$t" && tar -xzf - -C "$t" || { rm -rf "$t"; say "the agent's program cannot be unpacked in $3"; }`,
    `[ -f "$5" ] || mv "$t" "$4" 2>/dev/null`,
    `rm -rf "$t"`,
    `[ -f "$5" ] || say "the agent's program cannot be put into $4"`,
  ].join('\n');
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
