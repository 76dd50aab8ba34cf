import { writeFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { placeOfOne, type CommonFlags } from './act.ts';

/**
 * `linarite job report J [--file F]`: what the job came to, as one file of HTML to keep or send
 * (docs/own-operations.md). @throws CommandError failure, usage, notRunning.
 */
export async function jobReport(words: readonly string[], flags: CommonFlags & { readonly file?: string }): Promise<void> {
  const { place, id } = await placeOfOne('job', words, flags);
  const html = await ask(place.connection, { path: `/linarite/jobs/${encodeURIComponent(id)}/report` });
  const { file } = flags;
  if (file === undefined) return void process.stdout.write(html);
  try {
    writeFileSync(file, html);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be written: ${messageOf(error)}`);
  }
  console.error(`written to ${file}`);
}
