import { join } from 'node:path';
import { splitCommandLine } from '../commandLine.ts';
import type { TaskDirectories } from '../directories.ts';
import { failure, TaskFailure } from '../failures.ts';
import type { Work } from '../frames.ts';
import type { Run } from '../run.ts';
import type { User } from '../users.ts';
import type { ContainerCommand } from './oneContainer.ts';

export interface TaskContainerOptions {
  readonly run: Run;
  readonly work: Pick<Work, 'environment'> & { readonly container: NonNullable<Work['container']> };
  readonly user: User;
  readonly directories: TaskDirectories;
  /** The node's and the task's variables. */
  readonly environment: ReadonlyMap<string, string>;
  /** The node's root as tasks see it, and on its machine. */
  readonly root: string;
  readonly machineRoot: string;
}

/** What of a container is known before its image is there. Throws TaskFailure. */
export function containerCommand({ run, work, user, directories, environment, root, machineRoot }: TaskContainerOptions): Omit<ContainerCommand, 'image' | 'command'> {
  const { container: settings } = work;
  return {
    settings,
    runWords: wordsOf('containerRunOptions', settings.runOptions),
    user,
    places: { root, machineRoot, task: directories.task, preparation: 'preparationDirectory' in run ? run.preparationDirectory : null },
    environment: inside(environment, work.environment.map(({ name }) => name), user),
    stdout: join(directories.task, 'stdout.txt'),
    stderr: join(directories.task, 'stderr.txt'),
  };
}

/** Empty: what the image runs by itself. Throws TaskFailure. */
export function commandWords(commandLine: string): readonly string[] {
  return wordsOf('commandLine', commandLine);
}

function wordsOf(property: string, line: string): readonly string[] {
  const words = splitCommandLine(line);
  if (words !== null && !line.includes('\0')) return words;
  throw new TaskFailure(failure('ContainerInvalidSettings', ['Message', `${property} has a quote that is not closed: ${line}`]));
}

/** What an image, or its engine, knows better, unless the user says it. */
const OF_THE_NODE: ReadonlySet<string> = new Set(['PATH', 'HOME', 'USER', 'LOGNAME']);

/** A task's user has no home in an image, but for root. */
function inside(environment: ReadonlyMap<string, string>, asked: readonly string[], user: User): ReadonlyMap<string, string> {
  const isRoot = user.uid === null || user.uid === 0;
  const isKept = (name: string): boolean => !OF_THE_NODE.has(name) || asked.includes(name) || (!isRoot && name !== 'PATH');
  return new Map([...environment].filter(([name]) => isKept(name)));
}
