import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';

/** How the text of a flag becomes a value. */
type Kind = 'text' | 'number' | 'flag' | 'pairs' | 'image' | 'applications' | 'files';

/** A flag that is a property of a body. Flags are named as az names them, where it has them. */
export interface Flag {
  readonly flags: string;
  readonly description: string;
  /** `poolInfo.poolId`. */
  readonly property: string;
  readonly kind: Kind;
  /** What is sent where nothing is given, since the service asks for something. */
  readonly standard?: string;
  /** A property that is true where the flag is given, as az sets it. */
  readonly alsoSets?: string;
}

/**
 * Sets what flags say in what a file says. `values`: by the flags' names as commander has them. @throws CommandError
 * usage.
 */
export function bodyOf(flags: readonly Flag[], values: Readonly<Record<string, unknown>>, file: string | undefined): Record<string, unknown> {
  const body = file === undefined ? {} : readBody(file);
  for (const flag of flags) {
    const value = values[nameOf(flag)];
    if (value !== undefined) {
      set(body, flag.property, read(flag, value));
      if (flag.alsoSets !== undefined) set(body, flag.alsoSets, true);
    } else if (flag.standard !== undefined) set(body, flag.property, flag.standard);
  }
  return body;
}

/** `--target-dedicated-nodes <n>` is `targetDedicatedNodes`. */
function nameOf({ flags }: Flag): string {
  const [, long = ''] = /--([a-z-]+)/.exec(flags) ?? [];
  return long.replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

function readBody(file: string): Record<string, unknown> {
  const source = textOf(file);
  try {
    const body = JSON.parse(source) as unknown;
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} is not JSON: ${messageOf(error)}`);
  }
  throw new CommandError(EXIT.usage, `${file} is no JSON object`);
}

/** `-`: standard input. */
function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${messageOf(error)}`);
  }
}

function set(body: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let place = body;
  for (const name of names) {
    const inner = place[name];
    const next: Record<string, unknown> = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
    place[name] = next;
    place = next;
  }
  place[last] = value;
}

function read(flag: Flag, value: unknown): unknown {
  const words = Array.isArray(value) ? value.map(String) : [String(value)];
  switch (flag.kind) {
    case 'text':
      return words[0];
    case 'flag':
      return value !== false;
    case 'number':
      return numberOf(flag, words[0] ?? '');
    case 'pairs':
      return words.map((word) => pair(flag, word)).map(([name, text]) => ({ name, value: text }));
    case 'files':
      return words.map((word) => pair(flag, word)).map(([filePath, httpUrl]) => ({ filePath, httpUrl }));
    case 'applications':
      return words.map(applicationOf);
    case 'image':
      return imageOf(flag, words[0] ?? '');
  }
}

function numberOf({ flags }: Flag, word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value)) throw new CommandError(EXIT.usage, `${flags}: ${word} is no number`);
  return value;
}

function pair({ flags }: Flag, word: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(word) ?? [];
  if (name === '') throw new CommandError(EXIT.usage, `${flags}: ${word} is not NAME=VALUE`);
  return [name, value];
}

/** `blender`, or `blender#4.2`, as az has it. */
function applicationOf(word: string): object {
  const [applicationId = '', version] = word.split('#');
  return version === undefined ? { applicationId } : { applicationId, version };
}

/** `publisher:offer:sku[:version]`, as az has it. */
function imageOf({ flags }: Flag, word: string): object {
  const [publisher, offer, sku, version = 'latest', ...more] = word.split(':');
  if (!publisher || !offer || !sku || more.length > 0) throw new CommandError(EXIT.usage, `${flags}: ${word} is not PUBLISHER:OFFER:SKU[:VERSION]`);
  return { publisher, offer, sku, version };
}
