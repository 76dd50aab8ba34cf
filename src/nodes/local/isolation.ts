import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '../../agent/place/enter.ts';
import { INNER_ROOT, ISOLATIONS, type Isolation, UNSHARE } from '../../agent/place/isolation.ts';
import { quoted, scriptOf, type Step } from '../../agent/place/mountScript.ts';
import { prepareSystem, prepareViews } from '../../agent/place/views.ts';
import { removeTrees } from '../../agent/removal.ts';

const run = promisify(execFile);

/** A mount of a share whose server is gone may hang. */
const PROBE_MS = 30_000;

export interface Probed {
  readonly isolation: Isolation;
  /** Guarantees that the machine therefore cannot give, a sentence each. */
  readonly limits: readonly string[];
}

export interface IsolationOptions {
  readonly dataRoot: string;
  /** Programs that an agent needs: nothing of them may be hidden. */
  readonly programs: readonly string[];
  /** No more than this is tried; default: all. */
  readonly most?: Isolation;
}

/**
 * Finds how far nodes can be places of their own here, by making one with all that a node ever mounts, and looking.
 * Where it ends, nothing of it is left.
 */
export async function probeIsolation({ dataRoot, programs, most = 'overlays' }: IsolationOptions): Promise<Probed> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return { isolation: 'none', limits: [] };
  if (most === 'none') return { isolation: 'none', limits: [shares('as it was asked for')] };
  const inside = [dataRoot, ...programs].filter((path) => existsSync(path) && realpathSync(path).startsWith(`${INNER_ROOT}/`));
  if (inside.length > 0) return { isolation: 'none', limits: [shares(`${inside.join(', ')} would be hidden below ${INNER_ROOT}`)] };
  let why = '';
  for (const isolation of ISOLATIONS.slice(ISOLATIONS.indexOf(most))) {
    if (isolation === 'none') break;
    const failed = await tryOut(dataRoot, isolation, programs);
    if (failed === null) return { isolation, limits: isolation === 'overlays' ? [] : [`What admin tasks change in /usr, /var, /opt and /root stays on this machine${why === '' ? '' : `: ${why}`}.`] };
    why = failed;
  }
  return { isolation: 'none', limits: [shares(why)] };
}

function shares(why: string): string {
  return `Nodes share mounts, users and system directories with this machine, and their root is not ${INNER_ROOT}: ${why}. User accounts of pools have numbers there, no names, passwords or keys.`;
}

/** The words that start an agent so. */
export function commandIn(isolation: Isolation, [program, ...args]: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (isolation === 'none') return [program, ...args];
  const [unshare, ...options] = UNSHARE;
  return [unshare, ...options, program, ...args];
}

/** null: it works. Else why not. */
async function tryOut(dataRoot: string, isolation: Exclude<Isolation, 'none'>, programs: readonly string[]): Promise<string | null> {
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  // By this name it is found and removed if we are killed meanwhile.
  const directory = mkdtempSync(join(dataRoot, 'trash-probe-'));
  try {
    const [root, state] = [join(directory, 'root'), join(directory, 'state')];
    for (const path of [root, state]) mkdirSync(path);
    mkdirSync(join(root, 'shared'));
    const options = { root, place: join(state, 'place'), needed: [root, state], isolation };
    const steps = [...prepareViews(options).steps, ...(isolation === 'overlays' ? prepareSystem(options).flat() : []), ...looks([join(state, 'place/stage'), ...programs.filter((path) => existsSync(path))])];
    await run(UNSHARE[0], [...UNSHARE.slice(1), '/bin/sh', '-c', scriptOf(steps)], { cwd: '/', timeout: PROBE_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
    return null;
  } catch (error) {
    return reasonOf(error);
  } finally {
    // What is left is tried again by the next service.
    await removeTrees([directory]).catch(() => {});
  }
}

/**
 * Each check fails where the views are not what they should be. A file that the node changes is copied up; a file that
 * it makes must not appear on the machine.
 */
function looks(visible: readonly string[]): readonly Step[] {
  return [
    'echo probe > /proc/sys/kernel/hostname',
    `[ -d ${INNER_ROOT}/shared ]`,
    ...visible.map((path) => `[ -e ${quoted(path)} ] || { echo ${quoted(`${path} would be hidden`)} >&2; exit 1; }`),
    ': >> /etc/passwd',
  ].map((words) => ({ kind: 'shell', words }));
}
