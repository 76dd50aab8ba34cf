/**
 * What a task's containerRunOptions say of things that the agent would say itself. They are words of `docker create`
 * (API reference, TaskContainerSettings) and handed on as they are, but for `--rm`: the agent removes its containers,
 * after a look at how they ended.
 */
export interface RunOptions {
  readonly words: readonly string[];
  /** Long names of the options that are given. */
  readonly names: ReadonlySet<string>;
}

/** Short options and the long ones that they stand for, of those that are asked about here. */
const SHORT: Readonly<Record<string, string>> = { u: 'user', w: 'workdir', m: 'memory' };
const ALIASES: Readonly<Record<string, string>> = { net: 'network' };
/** These take no value: others may be written behind them in one word (`-itu root`). */
const SHORT_FLAGS = new Set(['i', 't', 'd', 'P', 'q']);

export function readRunOptions(words: readonly string[]): RunOptions {
  const kept = words.filter((word) => !/^--rm(?:=.*)?$/.test(word));
  return { words: kept, names: new Set(kept.flatMap(namesOf)) };
}

function namesOf(word: string): readonly string[] {
  const long = /^--([a-z][a-z-]*)/.exec(word)?.[1];
  if (long !== undefined) return [ALIASES[long] ?? long];
  const letters = /^-([A-Za-z].*)$/.exec(word)?.[1] ?? '';
  for (const letter of letters) {
    if (SHORT_FLAGS.has(letter)) continue;
    return SHORT[letter] === undefined ? [] : [SHORT[letter]];
  }
  return [];
}
