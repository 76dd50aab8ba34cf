import { RunError } from '../failure.ts';

/**
 * Placeholders, by what a task is made from. Rows of a table have their columns beside `index` and `task`.
 *
 * | placeholder | input | item | row | alone | meaning |
 * |---|---|---|---|---|---|
 * | `{input}` | x | | | | the input file as the task finds it in its working directory |
 * | `{name}` | x | | | | its name, `clip.mp4` |
 * | `{stem}` | x | | | | its name without the last ending, `clip` |
 * | `{ext}` | x | | | | the last ending without its dot, `mp4` |
 * | `{dir}` | x | | | | the directory below the fixed part of the pattern, `.` when there is none |
 * | `{item}` | | x | | | the item |
 * | `{column}` | | | x | | the row's value in that column |
 * | `{index}` | x | x | x | x | the number of the task, from 1 |
 * | `{task}` | x | x | x | x | the task's id |
 *
 * `{{name}}` stands for `{name}` as it is; `${name}` is left to a shell; braces around anything but a word are left
 * alone.
 */
export type Values = ReadonlyMap<string, string>;

const PLACEHOLDER = /\{\{([A-Za-z_][\w.-]*)\}\}|(\$?)\{([A-Za-z_][\w.-]*)\}/g;

/**
 * Replaces the placeholders of `text`.
 * @param quote how a value is written into this text; as it is by default
 * @throws RunError usage, when a placeholder is none of `values`
 */
export function expand(text: string, values: Values, quote: (value: string) => string = (value) => value): string {
  return text.replaceAll(PLACEHOLDER, (whole, doubled: string | undefined, dollar: string | undefined, name: string | undefined) => {
    if (doubled !== undefined) return `{${doubled}}`;
    if (dollar === '$' || name === undefined) return whole;
    const value = values.get(name);
    if (value === undefined) throw unknownPlaceholder(name, values);
    return quote(value);
  });
}

/** Whether `expand` would ask for a value. */
export function hasPlaceholders(text: string): boolean {
  return [...text.matchAll(PLACEHOLDER)].some(([, doubled, dollar]) => doubled === undefined && dollar !== '$');
}

function unknownPlaceholder(name: string, values: Values): RunError {
  const known = [...values.keys()].map((key) => `{${key}}`).join(' ');
  return new RunError('usage', `{${name}} stands for nothing here; known are ${known}. Write {{${name}}} for the text {${name}} itself`);
}
