import { closeSync, fstatSync, lstatSync, openSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { SEED_BYTES } from '../../api/seed/limits.ts';
import { messageOf } from '../../base/errors.ts';
import { refuseBadArchive } from '../archives.ts';
import { CommandError, EXIT } from '../errors.ts';
import { type Document, readDocument, Unreadable } from '../lint/document.ts';
import { type ZipEntry, zipOf } from './zip.ts';

/** A seed as it is sent: what files beside it hold is in it. */
export interface SeedDocument {
  readonly document: unknown;
  /** `seed.yaml:14` of a place as reports have it: `jobs[0].tasks[2]`. */
  lineOf(place: string): string;
}

/**
 * Reads a seed and the files that it names, which lie beside it or below. @throws CommandError usage for a file that
 * cannot be read, lies elsewhere, or is too much; the document itself is for the service to check.
 */
export async function readSeedFile(path: string): Promise<SeedDocument> {
  const whole = documentOf(path);
  const beside = filesBeside(path);
  const value = await filled(whole.value, beside);
  beside.add(Buffer.byteLength(JSON.stringify(value)) - beside.bytes, path);
  return { document: value, lineOf: (place) => `${path}:${whole.placeOf(namesIn(place)).line}` };
}

function documentOf(path: string): Document {
  try {
    const read = readDocument(readFileSync(path, 'utf8'));
    refuseNumbers(read.value);
    return read;
  } catch (error) {
    if (error instanceof Unreadable) throw new CommandError(EXIT.usage, `${path}:${error.place.line}: this is neither JSON nor YAML: ${error.message}`);
    if (error instanceof CommandError) throw error;
    throw new CommandError(EXIT.usage, `${path} cannot be read: ${messageOf(error)}`);
  }

  /** YAML has numbers that JSON has not. */
  function refuseNumbers(value: unknown): void {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new CommandError(EXIT.usage, `${path}: ${value} is no number that can be sent`);
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(refuseNumbers);
  }
}

/** `jobs[0].tasks` as `jobs`, 0, `tasks`. */
function namesIn(place: string): readonly (string | number)[] {
  return [...place.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index === undefined ? name : Number(index)));
}

type Fields = Readonly<Record<string, unknown>>;

/** Puts contents in the place of `file` and `directory`, wherever a seed may have them. */
async function filled(value: unknown, beside: Beside): Promise<unknown> {
  if (!isFields(value)) return value;
  const storage = await each(value['storage'], async (container) => ({ ...container, ...(await list(container, 'blobs', (blob) => withFile(blob, 'base64', beside))) }));
  const accounts = await each(value['accounts'], async (account) => ({ ...account, ...(await contents(account, beside)) }));
  return { ...value, ...(storage === undefined ? {} : { storage }), ...(accounts === undefined ? {} : { accounts }), ...(await contents(value, beside)) };
}

async function contents(from: Fields, beside: Beside): Promise<Fields> {
  return {
    ...(await list(from, 'certificates', (one) => withFile(one, 'data', beside))),
    ...(await list(from, 'applications', async (one) => ({ ...one, ...(await list(one, 'packages', (version) => withPackage(version, beside))) }))),
  };
}

async function list(from: Fields, name: string, change: (item: Fields) => Promise<Fields>): Promise<Fields> {
  const changed = await each(from[name], change);
  return changed === undefined ? {} : { [name]: changed };
}

/** What has another form is left to the service. */
async function each(value: unknown, change: (item: Fields) => Promise<Fields>): Promise<readonly unknown[] | undefined> {
  if (!Array.isArray(value)) return undefined;
  const changed: unknown[] = [];
  for (const item of value as readonly unknown[]) changed.push(isFields(item) ? await change(item) : item);
  return changed;
}

async function withFile({ file, ...rest }: Fields, form: string, beside: Beside): Promise<Fields> {
  if (typeof file !== 'string') return file === undefined ? rest : { file, ...rest };
  return { ...rest, [form]: base64(beside.read(file), file, beside) };
}

async function withPackage({ file, directory, ...rest }: Fields, beside: Beside): Promise<Fields> {
  if (typeof directory === 'string' && file === undefined) return { ...rest, base64: base64(zipOf(beside.filesIn(directory)), directory, beside) };
  if (typeof file !== 'string' || directory !== undefined) return { ...rest, ...(file === undefined ? {} : { file }), ...(directory === undefined ? {} : { directory }) };
  await beside.checkArchive(file);
  return { ...rest, base64: base64(beside.read(file), file, beside) };
}

function base64(bytes: Buffer, name: string, beside: Beside): string {
  const text = bytes.toString('base64');
  beside.add(text.length, name);
  return text;
}

/** The files that a seed may name. */
interface Beside {
  /** What all of them take in a request so far. */
  readonly bytes: number;
  read(name: string): Buffer;
  /** Sorted by name, links refused. */
  filesIn(name: string): readonly ZipEntry[];
  checkArchive(name: string): Promise<void>;
  /** @throws CommandError where it is more than a request may bring. */
  add(bytes: number, name: string): void;
}

const MOST_FILES = 65_535;

function filesBeside(seedPath: string): Beside {
  const root = realpathSync(dirname(resolve(seedPath)));
  let bytes = 0;
  const add = (more: number, name: string): void => {
    bytes += more;
    if (bytes > SEED_BYTES) throw new CommandError(EXIT.usage, `${name}: with it the seed is larger than ${SEED_BYTES / 1024 / 1024} MiB, files as base64`);
  };
  const find = (name: string): string => reading(name, () => {
    const path = realpathSync(join(root, name));
    if (path !== root && !path.startsWith(root === sep ? root : `${root}${sep}`)) throw new CommandError(EXIT.usage, `${name}: a seed names files beside ${basename(seedPath)} or below alone`);
    return path;
  });
  const readWhole = (path: string, name: string): Buffer => reading(name, () => {
    // Before it is read: it may be anything.
    const status = lstatSync(path);
    if (!status.isFile()) throw new CommandError(EXIT.usage, `${name} is no file`);
    if (bytes + status.size > SEED_BYTES) add(status.size, name);
    return readFileSync(path);
  });
  const walk = (directory: string, above: string): ZipEntry[] =>
    readdirSync(directory).sort().flatMap((entry) => {
      const path = join(directory, entry);
      const name = `${above}${entry}`;
      const status = lstatSync(path);
      if (status.isDirectory()) return walk(path, `${name}/`);
      return [{ name, bytes: readWhole(path, path), isExecutable: (status.mode & 0o111) !== 0 }];
    });
  return {
    get bytes() {
      return bytes;
    },
    add,
    read: (name) => readWhole(find(name), name),
    filesIn: (name) => reading(name, () => {
      const files = walk(find(name), '');
      if (files.length === 0 || files.length > MOST_FILES) throw new CommandError(EXIT.usage, `${name}: a package has 1 to ${MOST_FILES} files, and this directory has ${files.length}`);
      return files;
    }),
    checkArchive: async (name) => {
      const file = reading(name, () => openSync(find(name), 'r'));
      try {
        await refuseBadArchive(name, file, fstatSync(file).size);
      } finally {
        closeSync(file);
      }
    },
  };
}

function reading<Read>(name: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(EXIT.usage, `${name} cannot be read: ${messageOf(error)}`);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
