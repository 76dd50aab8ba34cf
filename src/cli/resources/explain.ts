import type { Explanation } from '../../wire/own/explanation.ts';
import type { Fix } from '../../wire/own/common.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask, askOwn } from '../ownOperations.ts';
import { placeOfOne, type CommonFlags } from './act.ts';
import { explainFromStates } from './explainStates.ts';
import type { Place } from './find.ts';
import type { NounName } from './nouns.ts';
import { printValue, type OutputFlags } from './output.ts';
import { pathOf } from './requests.ts';

/** What the service can say of why it is not as somebody wants it (docs/explain.md). */
export type Explained = Exclude<NounName, 'schedule'>;

export interface ExplainFlags extends CommonFlags, OutputFlags {
  /** The number of a fix that is done. */
  readonly fix?: number;
}

/**
 * `linarite pool explain P`, `node explain P N`, `job explain J`, `task explain J T`; with `--fix 1` the first request
 * that the service says would mend it is sent. @throws CommandError failure, usage, notRunning.
 */
export async function explain(name: Explained, words: readonly string[], flags: ExplainFlags): Promise<void> {
  const { place, id } = await placeOfOne(name, words, flags);
  const explanation = await explanationOf(place, id);
  const { output, query, fix } = flags;
  if (fix !== undefined) return mend(place.connection, explanation, fix);
  if (output === 'table' && query === undefined) for (const line of linesOf(explanation)) console.log(line);
  else await printValue(explanation, flags, { print: console.log });
}

/** Of an account that is no Linarite service as far as its states tell. @throws CommandError failure, notRunning. */
export async function explanationOf(place: Place, id: string): Promise<Explanation> {
  const answered = await askOwn(place.connection, { path: `/linarite/explain${pathOf(place.noun, place.parentId, id)}` });
  return answered === undefined ? explainFromStates(place, id) : (JSON.parse(answered) as Explanation);
}

/** The sentence, the other reasons below it, and what would mend them, numbered. */
export function linesOf(explanation: Explanation): readonly string[] {
  const { sentence, reasons } = explanation;
  const others = reasons.map(({ message, count, example }) => `  ${count === undefined ? '' : `${count} x `}${message}${example === undefined || (count ?? 0) < 2 ? '' : ` (so for task ${example})`}`);
  const told = reasons.length === 1 && reasons[0]?.count === undefined ? [] : others;
  const fixes = fixesOf(explanation).map(({ label }, index) => `  --fix ${index + 1}: ${label}`);
  return [sentence, ...told, ...fixes];
}

/** Each once: several reasons may have the same. */
function fixesOf({ reasons }: Explanation): readonly Fix[] {
  return [...new Map(reasons.flatMap(({ fixes }) => fixes).map((fix) => [JSON.stringify(fix), fix])).values()];
}

async function mend(connection: Parameters<typeof ask>[0], explanation: Explanation, number: number): Promise<void> {
  const fix = fixesOf(explanation)[number - 1];
  if (fix === undefined) throw new CommandError(EXIT.usage, `there is no fix ${number}: ${explanation.sentence}`);
  await ask(connection, { method: fix.method, path: fix.path, ...(fix.body === null ? {} : { body: fix.body }) });
  console.log(`done: ${fix.label}`);
}
