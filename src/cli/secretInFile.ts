import { readFileSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { CommandError, EXIT } from './errors.ts';

/** The key in a file: on a command line every user could read it. @throws CommandError usage. */
export function secretInFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${messageOf(error)}`);
  }
}
