import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { type DataDirectory, PROVIDERS_FILE } from '../data/dataDirectory.ts';
import type { NodeOptions } from '../nodeOptions.ts';
import { LOCAL, type Providers, providersOf, providersOfKind } from './file.ts';
import { BadProviders } from './place.ts';

/**
 * Where the nodes of a service come from: what its file says, and what `--provider` makes of that. null: from this
 * machine alone. @throws CommandError that names the file, the line and the property of a fault
 */
export async function providersFor({ root }: Pick<DataDirectory, 'root'>, { providersFile, provider }: NodeOptions): Promise<Providers | null> {
  const path = providersFile ?? join(root, PROVIDERS_FILE);
  const isThere = providersFile !== undefined || existsSync(path);
  if (!isThere && (provider === undefined || provider === LOCAL)) return null;
  const read = isThere ? await readProvidersFile(path) : null;
  if (provider === undefined) return read;
  if (read?.makers.has(provider) === true) return { ...read, byDefault: provider };
  if (read !== null) throw new CommandError(EXIT.usage, `--provider ${provider}: ${path} has no such provider, but ${[...read.makers.keys()].join(', ')}`);
  try {
    return providersOfKind(provider);
  } catch (error) {
    if (error instanceof BadProviders) throw new CommandError(EXIT.usage, `--provider ${provider} needs a file (--providers FILE): ${error.message.replace(/^line \d+, /, '')}`);
    throw error;
  }
}

/** @throws CommandError that names the file, the line and the property of a fault */
export async function readProvidersFile(path: string): Promise<Providers> {
  try {
    // Few have such a file, and a start is to be quick.
    const { readMapping } = await import('./document.ts');
    return providersOf(readMapping(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new CommandError(EXIT.usage, `the providers in ${path} cannot be used: ${messageOf(error)}`);
  }
}
