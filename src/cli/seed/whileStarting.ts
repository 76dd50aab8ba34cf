import { readSeed } from '../../api/seed/read.ts';
import { refusalOf } from '../../api/seed/report.ts';
import type { ApiPart } from '../service/process/parts.ts';
import { CommandError, EXIT } from '../errors.ts';
import { isWhole, linesOf } from './print.ts';
import { readSeedFile } from './read.ts';

/** Makes what a file says in a service that is about to be ready; says what became of it. */
export type Seeding = (api: Pick<ApiPart, 'seed'>, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * The seeding of `up --seed`: the file is read at once. @throws CommandError usage for one that cannot be read; the
 * seeding itself throws one where something of it is refused or differs.
 */
export async function seedingOf(path: string): Promise<Seeding> {
  const { document, lineOf } = await readSeedFile(path);
  refuseUnreadable(document, lineOf);
  return async (api, signal) => {
    const report = await api.seed(document, signal);
    const lines = linesOf(report, lineOf);
    if (!isWhole(report)) throw new CommandError(EXIT.failure, `the service ends, since not all of ${path} is there as it says:\n  ${lines.join('\n  ')}`);
    return lines;
  };
}

/** Before a service is begun. */
function refuseUnreadable(document: unknown, lineOf: (place: string) => string): void {
  try {
    readSeed(document);
  } catch (error) {
    const { code, message, property = 'seed' } = refusalOf(error);
    throw new CommandError(EXIT.usage, `${lineOf(property)}: ${property}: ${code}: ${message}`);
  }
}
