import { writeFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { placeOfOne, type CommonFlags } from './act.ts';

/** What is told of a resource in one file, by operations of Linarite itself (docs/own-operations.md). */
export interface OwnFile {
  readonly noun: 'job' | 'pool';
  /** The last word of the operation, and of the command. */
  readonly verb: string;
  readonly description: string;
}

/** `linarite job report J [--file F]` and the like. @throws CommandError failure, usage, notRunning. */
export async function ownFile({ noun, verb }: OwnFile, words: readonly string[], flags: CommonFlags & { readonly file?: string }): Promise<void> {
  const { place, id } = await placeOfOne(noun, words, flags);
  const content = await ask(place.connection, { path: `/linarite/${place.noun.plural}/${encodeURIComponent(id)}/${verb}` });
  const { file } = flags;
  if (file === undefined) return void process.stdout.write(content);
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be written: ${messageOf(error)}`);
  }
  console.error(`written to ${file}`);
}
