import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { messageOf } from '../../base/errors.ts';
import { type OwnSizes, readOwnSizes } from '../../wire/sizes/own.ts';
import { CommandError, EXIT } from '../errors.ts';

const FLAG = '--sizes';

/** The operator's own sizes and prices. */
export function sizesOption(): Option {
  return new Option(`${FLAG} <file>`, 'sizes and prices of your own, as CSV (docs/cost.md)').argParser((path: string) => resolve(path));
}

/** As the next process is told. */
export function sizesFlags(path: string | undefined): string[] {
  return path === undefined ? [] : [FLAG, path];
}

/** What the file says. @throws CommandError that names the file, and the line of a fault. */
export function readSizesFile(path: string): OwnSizes {
  try {
    return readOwnSizes(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.usage, `the sizes in ${path} cannot be used: ${messageOf(error)}`);
  }
}
