import { failure, TaskFailure } from '../failures.ts';
import { callOrThrow, type Engine, type EngineCall } from './engine.ts';

/** What a container runs by itself. */
export interface EntryPoint {
  /** A command line is handed to it. */
  readonly entrypoint: readonly string[];
  /** What it is handed where there is no command line. */
  readonly command: readonly string[];
}

/**
 * That of the image, unless the run options say another: then nothing of the image's counts, as with `docker create`.
 */
export async function entryPointOf(engine: Engine, call: EngineCall, image: string, runWords: readonly string[]): Promise<EntryPoint> {
  const asked = askedEntryPoint(engine, runWords);
  if (asked !== null) return { entrypoint: asked, command: [] };
  const said = await callOrThrow(call, ['image', 'inspect', '--format', '{{json .Config.Entrypoint}}\n{{json .Config.Cmd}}', image]);
  const [entrypoint = [], command = []] = said.trim().split('\n').map((line) => wordsIn(line) ?? []);
  return { entrypoint, command };
}

/** All words of what is to run. Throws TaskFailure where there is nothing. */
export function wordsToRun({ entrypoint, command }: EntryPoint, commandLine: readonly string[]): readonly string[] {
  const words = [...entrypoint, ...(commandLine.length === 0 ? command : commandLine)];
  if (words.length === 0) throw new TaskFailure(failure('ContainerInvalidSettings', ['Message', 'Neither the task nor its image has a command']));
  return words;
}

const OPTION = '--entrypoint';

/** null: the options name none. The last one counts. */
export function askedEntryPoint({ kind }: Pick<Engine, 'kind'>, words: readonly string[]): readonly string[] | null {
  const index = words.findLastIndex((word) => word === OPTION || word.startsWith(`${OPTION}=`));
  const word = words[index];
  if (word === undefined) return null;
  const value = word === OPTION ? (words[index + 1] ?? '') : word.slice(OPTION.length + 1);
  // Docker knows no list of words here.
  const list = kind === 'docker' ? null : wordsIn(value);
  return list ?? (value === '' ? [] : [value]);
}

/** A list of words in JSON; null: it is something else. */
function wordsIn(text: string): readonly string[] | null {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) && read.every((word) => typeof word === 'string') ? read : null;
  } catch {
    return null;
  }
}
