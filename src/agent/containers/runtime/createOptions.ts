import { readFileSync } from 'node:fs';

interface BindMount {
  readonly source: string;
  readonly destination: string;
  readonly isReadOnly: boolean;
}

/** What `create` was asked for, read. Where the image says it unless asked: undefined. */
export interface CreateOptions {
  readonly image: string;
  readonly command: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  readonly network: 'host' | 'none';
  readonly user: string | undefined;
  readonly workdir: string | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly hostname: string | undefined;
  /** In their order; later ones stand. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly BindMount[];
  /** Directories in memory: where, with options of mount(8). */
  readonly tmpfs: ReadonlyMap<string, string>;
  readonly shmBytes: number;
  readonly cgroupParent: string | undefined;
  readonly mostProcesses: number | undefined;
  readonly cores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly isReadOnly: boolean;
  readonly isPrivileged: boolean;
  readonly noNewPrivileges: boolean;
  readonly sharesPids: boolean;
  readonly sharesIpc: boolean;
  readonly ulimits: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
}

/** An option that is none here, or has a value that it can't have: a sentence for whoever wrote it. */
export class BadOption extends Error {}

type Draft = { -readonly [Name in keyof CreateOptions]: CreateOptions[Name] };

/** What an option does with its value. One without `value` is a flag. */
type Option = { readonly value: (draft: Draft, value: string, name: string) => void } | { readonly flag: (draft: Draft) => void };

const SHM_BYTES = 64 << 20;
const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** Options of `docker create` that a container of an OCI runtime alone can have. All others are refused by name. */
const OPTIONS: Readonly<Record<string, Option>> = {
  label: { value: (draft, value) => void (draft.labels = new Map([...draft.labels, pairOf(value)])) },
  'env-file': { value: (draft, path) => void (draft.environment = [...draft.environment, ...linesOf(path).map(variableOf)]) },
  env: { value: (draft, value) => void (draft.environment = [...draft.environment, variableOf(value)]) },
  network: { value: (draft, value, name) => void (draft.network = oneOf(name, value, ['host', 'none'])) },
  user: { value: (draft, value) => void (draft.user = value) },
  workdir: { value: (draft, value, name) => void (draft.workdir = absolute(name, value)) },
  entrypoint: { value: (draft, value) => void (draft.entrypoint = entrypointOf(value)) },
  hostname: { value: (draft, value) => void (draft.hostname = value) },
  mount: { value: (draft, value) => addMount(draft, value) },
  volume: { value: (draft, value) => addVolume(draft, value) },
  tmpfs: {
    value: (draft, value, name) => {
      const [path = '', options = ''] = value.split(/:(.*)/s);
      draft.tmpfs = new Map([...draft.tmpfs, [absolute(name, path), options]]);
    },
  },
  'shm-size': { value: (draft, value, name) => void (draft.shmBytes = bytesOf(name, value)) },
  'cgroup-parent': { value: (draft, value, name) => void (draft.cgroupParent = absolute(name, value)) },
  'pids-limit': { value: (draft, value, name) => void (draft.mostProcesses = numberOf(name, value)) },
  cpus: { value: (draft, value, name) => void (draft.cores = numberOf(name, value)) },
  memory: { value: (draft, value, name) => void (draft.memoryBytes = bytesOf(name, value)) },
  'cap-add': { value: (draft, value) => void (draft.capAdd = [...draft.capAdd, capability(value)]) },
  'cap-drop': { value: (draft, value) => void (draft.capDrop = [...draft.capDrop, capability(value)]) },
  ulimit: { value: (draft, value, name) => void (draft.ulimits = [...draft.ulimits, ulimitOf(name, value)]) },
  pid: { value: (draft, value, name) => void (draft.sharesPids = oneOf(name, value, ['host', 'private']) === 'host') },
  ipc: { value: (draft, value, name) => void (draft.sharesIpc = oneOf(name, value, ['host', 'private']) === 'host') },
  'security-opt': { value: (draft, value, name) => void (draft.noNewPrivileges = oneOf(name, value.replace(/[:=]true$/, ''), ['no-new-privileges']) !== undefined) },
  privileged: { flag: (draft) => void (draft.isPrivileged = true) },
  'read-only': { flag: (draft) => void (draft.isReadOnly = true) },
  // Standard input is empty, and closed or not makes no difference to that.
  interactive: { flag: () => {} },
  // Of these there is one kind here, which they ask for.
  pull: { value: (_draft, value, name) => void oneOf(name, value, ['never', 'missing']) },
  'log-driver': { value: (_draft, value, name) => void oneOf(name, value, ['none']) },
  cgroups: { value: (_draft, value, name) => void oneOf(name, value, ['no-conmon', 'enabled']) },
};

const SHORT: Readonly<Record<string, string>> = { e: 'env', u: 'user', w: 'workdir', h: 'hostname', v: 'volume', m: 'memory', l: 'label', i: 'interactive' };
const ALIASES: Readonly<Record<string, string>> = { net: 'network' };

/** `words`: what follows `create`. Throws BadOption. */
export function readCreateWords(words: readonly string[]): CreateOptions {
  const draft: Draft = {
    image: '', command: [], labels: new Map(), network: 'host', user: undefined, workdir: undefined, entrypoint: undefined, hostname: undefined, environment: [], mounts: [], tmpfs: new Map(),
    shmBytes: SHM_BYTES, cgroupParent: undefined, mostProcesses: undefined, cores: undefined, memoryBytes: undefined, capAdd: [], capDrop: [], isReadOnly: false, isPrivileged: false,
    noNewPrivileges: false, sharesPids: false, sharesIpc: false, ulimits: [],
  };
  const left = [...words];
  while (left[0]?.startsWith('-') === true) {
    const { name, value, next } = split(left.shift() ?? '');
    if (next !== undefined) left.unshift(next);
    const option = OPTIONS[ALIASES[name] ?? name];
    if (option === undefined) throw new BadOption(`unknown option: --${name}: a container of an OCI runtime alone cannot have it`);
    if ('flag' in option) {
      if (value !== undefined && value !== 'true') throw new BadOption(`--${name}=${value}: it has no value but true`);
      option.flag(draft);
      continue;
    }
    const given = value ?? left.shift();
    if (given === undefined) throw new BadOption(`--${name}: its value is missing`);
    option.value(draft, given, name);
  }
  const image = left.shift();
  if (image === undefined) throw new BadOption('no image is named');
  return { ...draft, image, command: left };
}

/** `next`: flags of one letter may be written in one word. */
function split(word: string): { readonly name: string; readonly value?: string | undefined; readonly next?: string } {
  const [, name, , value] = /^--([^=]+)(=(.*))?$/s.exec(word) ?? [];
  if (name !== undefined) return { name, value };
  const letter = word.charAt(1);
  const short = SHORT[letter];
  if (short === undefined) throw new BadOption(`unknown option: -${letter}: a container of an OCI runtime alone cannot have it`);
  const rest = word.slice(2);
  if (rest === '') return { name: short };
  const option = OPTIONS[short];
  return option !== undefined && 'flag' in option ? { name: short, next: `-${rest}` } : { name: short, value: rest.replace(/^=/, '') };
}

function pairOf(text: string): readonly [string, string] {
  const [name = '', value = ''] = text.split(/=(.*)/s);
  return [name, value];
}

/** A name alone: its value is that of the engine's own variable. */
function variableOf(text: string): readonly [string, string] {
  return text.includes('=') ? pairOf(text) : [text, process.env[text] ?? ''];
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function entrypointOf(value: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(value);
    if (Array.isArray(read) && read.every((word) => typeof word === 'string')) return read;
  } catch {
    // One word.
  }
  return value === '' ? [] : [value];
}

/** Comma-separated, as encoding/csv of Go reads one line. */
function fieldsOf(text: string): readonly string[] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? []).map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
}

function addMount(draft: Draft, text: string): void {
  const fields = new Map(fieldsOf(text).map(pairOf));
  const of = (...names: readonly string[]): string | undefined => names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const destination = absolute('mount', of('destination', 'dst', 'target') ?? '');
  const type = oneOf('mount', of('type') ?? 'bind', ['bind', 'tmpfs']);
  const known = new Set(['type', 'source', 'src', 'destination', 'dst', 'target', 'readonly', 'ro']);
  const strange = [...fields.keys()].find((name) => !known.has(name));
  if (strange !== undefined) throw new BadOption(`--mount: ${strange} is not known here`);
  if (type === 'tmpfs') return void (draft.tmpfs = new Map([...draft.tmpfs, [destination, '']]));
  const readOnly = of('readonly', 'ro');
  draft.mounts = [...draft.mounts, { source: absolute('mount', of('source', 'src') ?? ''), destination, isReadOnly: readOnly !== undefined && readOnly !== 'false' }];
}

function addVolume(draft: Draft, text: string): void {
  const [source = '', destination = '', ...more] = text.split(':');
  const options = more.flatMap((word) => word.split(','));
  const strange = options.find((option) => !['ro', 'rw', 'z', 'Z'].includes(option));
  if (strange !== undefined) throw new BadOption(`--volume: ${strange} is not known here`);
  if (!source.startsWith('/')) throw new BadOption(`--volume=${text}: only directories and files of the node can be mounted`);
  draft.mounts = [...draft.mounts, { source, destination: absolute('volume', destination), isReadOnly: options.includes('ro') }];
}

function oneOf<Value extends string>(name: string, value: string, values: readonly Value[]): Value {
  const found = values.find((one) => one === value);
  if (found === undefined) throw new BadOption(`--${name}=${value}: a container of an OCI runtime alone can have ${values.join(' or ')}`);
  return found;
}

function absolute(name: string, path: string): string {
  if (!path.startsWith('/')) throw new BadOption(`--${name}: ${path === '' ? 'a path is missing' : `${path} is no absolute path`}`);
  return path;
}

function numberOf(name: string, value: string): number {
  const read = Number(value);
  if (value === '' || !Number.isFinite(read) || read < -1) throw new BadOption(`--${name}=${value}: it is no number`);
  return read;
}

function bytesOf(name: string, value: string): number {
  const [, number = '', unit = ''] = /^(\d+)([bkmg]?)b?$/i.exec(value) ?? [];
  if (number === '') throw new BadOption(`--${name}=${value}: it is no size`);
  return Number(number) * (UNITS[unit.toLowerCase()] ?? 1);
}

function capability(value: string): string {
  const name = value.toUpperCase();
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}

function ulimitOf(name: string, value: string): CreateOptions['ulimits'][number] {
  const [, type, soft, hard = soft] = /^([a-z]+)=(\d+|-1)(?::(\d+|-1))?$/.exec(value) ?? [];
  if (type === undefined) throw new BadOption(`--${name}=${value}: it is no limit`);
  return { type: `RLIMIT_${type.toUpperCase()}`, soft: Number(soft), hard: Number(hard) };
}
