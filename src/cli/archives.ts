import { BadArchive, inspect } from '../agent/packages/archive.ts';
import { CommandError, EXIT } from './errors.ts';

/** Nodes would refuse it, which nobody would see before a task fails. `file`: open. @throws CommandError usage. */
export async function refuseBadArchive(path: string, file: number, sizeBytes: number): Promise<void> {
  try {
    await inspect(file, sizeBytes);
  } catch (error) {
    throw error instanceof BadArchive ? new CommandError(EXIT.usage, `${path}: ${error.message}`) : error;
  }
}
