import { existsSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ResizeError } from '../../core/status.ts';
import { NODE_MARK } from '../environment.ts';
import { messageOf } from '../failures.ts';
import type { FileSystemWork } from '../frames.ts';
import { mountsBelow } from '../mounts.ts';
import { removeTrees } from '../removal.ts';
import { startContainerServer } from './container/startServer.ts';
import { blobfuseWords, containerMount, containerOptions, networkMount } from './mountWords.ts';
import { BLOB_TOOLS, findMountProgram, FUSE_DEVICE, MOUNT_PROGRAMS } from './programs.ts';
import { type MountLog, runMount, writeMountLog } from './runMount.ts';

export interface FileSystemsOptions {
  /** Where tasks see them: `fsmounts` of the node. */
  readonly directory: string;
  /** The agent's, for caches of tools. */
  readonly stateDirectory: string;
  /** The node's root on its machine. */
  readonly machineRoot: string;
  /** Whether mounts made here are the node's alone. */
  readonly isOwn: boolean;
  /** Called where one that was mounted is gone. */
  readonly onLost: (error: ResizeError) => void;
}

/**
 * Mounts the file systems of a pool below `fsmounts`, all at once, in the node's own mount namespace: they end with its
 * last process, and with a node that is lost. Returns what keeps the node from working, one for each that could not be
 * mounted (documentation, "Diagnose mount errors": the node is unusable). What is on them stays as it is: nothing there
 * is made, given away or deleted.
 */
export async function mountFileSystems(works: readonly FileSystemWork[], options: FileSystemsOptions): Promise<readonly ResizeError[]> {
  const errors = await Promise.all(
    works.map(async (work) => {
      const log: MountLog = { lines: [] };
      const hide = hiding(work);
      try {
        await mountOne(work, options, log);
        return [];
      } catch (error) {
        log.lines.push(messageOf(error));
        return [mountError(work.path, hide(messageOf(error)))];
      } finally {
        writeMountLog(options.directory, `${work.kind}-${work.path.replaceAll('/', '-')}.log`, { lines: log.lines.map(hide) });
      }
    }),
  );
  return errors.flat();
}

const LONGEST_MESSAGE = 1_000;

/** Code, message and the names of the values as the documentation shows them. */
function mountError(path: string, reason: string): ResizeError {
  return {
    code: 'MountConfigurationError',
    message: 'An error was encountered while configuring specified mount(s)',
    values: [
      { name: 'Message', value: reason.length > LONGEST_MESSAGE ? `${reason.slice(0, LONGEST_MESSAGE)}…` : reason },
      { name: 'MountConfigurationPath', value: path },
    ],
  };
}

async function mountOne(work: FileSystemWork, options: FileSystemsOptions, log: MountLog): Promise<void> {
  if (!options.isOwn) throw new Error('The nodes of this machine share its mounts; file systems of a pool are mounted only where a node has its own, which needs root on Linux');
  const point = makePoint(options.directory, work.path);
  const mark = { [NODE_MARK]: options.machineRoot };
  if (work.kind !== 'blobfuse') {
    const [name, debian] = MOUNT_PROGRAMS[work.kind];
    const program = findMountProgram(name);
    if (program === null) throw new Error(`${name} is not installed on this machine (Debian: ${debian})`);
    await runMount({ command: networkMount(work, program, point), mark, log });
  } else await mountContainer(work, point, mark, options, log);
  if (mountsBelow(point).length === 0) throw new Error('The program that mounts ended well, and nothing is mounted');
}

async function mountContainer(work: Extract<FileSystemWork, { kind: 'blobfuse' }>, point: string, mark: Readonly<Record<string, string>>, options: FileSystemsOptions, log: MountLog): Promise<void> {
  if (work.lacks !== undefined) throw new Error(work.lacks);
  for (const tool of BLOB_TOOLS) {
    const program = findMountProgram(tool);
    if (program === null) continue;
    const cache = join(options.stateDirectory, 'blobfuse', encodeURIComponent(work.path));
    await removeTrees([cache]);
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    return runMount({ command: containerMount(work, tool, program, point, cache), mark, log });
  }
  if (!existsSync(FUSE_DEVICE)) throw new Error(`This machine has neither blobfuse2 nor ${FUSE_DEVICE}, so that a container cannot be mounted`);
  const words = containerOptions(blobfuseWords(work));
  log.lines.push('No blobfuse2 on this machine: the container is mounted by Linarite, to be read only.');
  if (words.without.length > 0) log.lines.push(`Without effect here: ${words.without.join(' ')}`);
  const onGone = (how: string): void => options.onLost(mountError(work.path, `What serves it ended with ${how}`));
  await startContainerServer({ source: work, options: words, point, mark, onGone });
}

/**
 * The directory to mount at, and those above it. Admin tasks of an earlier life may have put links in their place,
 * which would lead elsewhere. Throws the system's error.
 */
function makePoint(directory: string, path: string): string {
  let point = directory;
  for (const name of path.split('/')) {
    point = join(point, name);
    const there = lstatSync(point, { throwIfNoEntry: false });
    if (there?.isSymbolicLink() === true) rmSync(point);
    if (there?.isDirectory() !== true) mkdirSync(point, { mode: 0o755 });
  }
  return point;
}

/** Takes what the pool keeps secret out of a text, whatever a tool said. */
function hiding(work: FileSystemWork): (text: string) => string {
  const secrets = secretsOf(work).filter((secret) => secret !== '').flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return (text) => secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

function secretsOf(work: FileSystemWork): readonly string[] {
  switch (work.kind) {
    case 'nfs':
      return [];
    case 'cifs':
    case 'fshare':
      return [work.password];
    case 'blobfuse':
      return [work.credential.value];
  }
}
