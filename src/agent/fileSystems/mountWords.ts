import { hasCredentials } from '../../wire/mounts.ts';
import { splitCommandLine } from '../commandLine.ts';
import type { FileSystemWork } from '../frames.ts';
import type { BlobTool } from './programs.ts';

/** What `mountOptions` of a pool comes to. */
interface MountWords {
  /** Of `-o`, one each. */
  readonly options: readonly string[];
  /** Single letters that every mount helper takes. */
  readonly flags: readonly string[];
}

/** Letters that mount(8) hands on to its helpers ("External helpers"), without the one that mounts nothing. */
const FLAGS: ReadonlySet<string> = new Set(['-v', '-n', '-s']);
const READ_ONLY: ReadonlySet<string> = new Set(['-r', '--read-only']);

/**
 * Reads `mountOptions` as the words of a command line of mount(8): `-o a,b`, `--options=a`, and lists of options by
 * themselves. Throws an Error that says what is no option of a mount.
 */
function mountWords(text: string): MountWords {
  const words = splitCommandLine(text);
  if (words === null || text.includes('\0')) throw new Error('mountOptions has a quote that is not closed');
  const options: string[] = [];
  const flags: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '-o' || word === '--options') options.push(...listed(words[++index], word));
    else if (word.startsWith('--options=')) options.push(...listed(word.slice('--options='.length), word));
    else if (word.startsWith('-o')) options.push(...listed(word.slice(2), word));
    else if (READ_ONLY.has(word)) options.push('ro');
    else if (FLAGS.has(word)) flags.push(word);
    else if (word.startsWith('-')) throw new Error(`mountOptions has ${word}, which is no option for mounting one file system`);
    else options.push(...listed(word, word));
  }
  if (options.some(hasCredentials)) throw new Error('mountOptions has a password, or a file with one, which have properties of their own');
  return { options, flags };
}

function listed(list: string | undefined, word: string): readonly string[] {
  if (list === undefined) throw new Error(`mountOptions ends with ${word}`);
  return list.split(',').filter((option) => option !== '');
}

/** A process that mounts a file system and then ends. */
export interface MountCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Beyond those of every mount; read by root alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its standard input; null: nothing. */
  readonly input: string | null;
}

/** Nothing on a share makes somebody root, or is a device of the machine, unless the pool says so. */
const SAFE = ['nosuid', 'nodev'] as const;

/**
 * How a network file system is mounted at `point`, by the helper that mount(8) would start (mount.nfs(8),
 * mount.cifs(8)). Passwords go in by a descriptor (`PASSWD_FD`). Throws an Error that says what cannot be.
 */
export function networkMount(work: Extract<FileSystemWork, { kind: 'nfs' | 'cifs' | 'fshare' }>, program: string, point: string): MountCommand {
  const { source, options: text } = work;
  if (source.startsWith('-')) throw new Error(`${source} is no source of a file system`);
  const { options, flags } = mountWords(text);
  const words = (own: readonly string[]): readonly string[] => [source, point, ...flags, '-o', [...SAFE, ...own, ...options].join(',')];
  if (work.kind === 'nfs') return { program, args: words([]), environment: {}, input: null };
  if (/[,\r\n]/.test(work.username)) throw new Error('username has a character that options of a mount cannot hold');
  return { program, args: words([`username=${work.username}`]), environment: { PASSWD_FD: '0' }, input: `${work.password}\n` };
}

/**
 * How a tool mounts a container; it takes its credentials from variables. `cache`: an empty directory of the agent's.
 * Throws an Error that says what cannot be.
 */
export function containerMount(work: Extract<FileSystemWork, { kind: 'blobfuse' }>, tool: BlobTool, program: string, point: string, cache: string): MountCommand {
  const { account, container, endpoint, credential } = work;
  const given = blobfuseWords(work);
  return {
    program,
    args: [...(tool === 'blobfuse2' ? ['mount'] : []), point, `--container-name=${container}`, `--tmp-path=${cache}`, ...(endpoint.startsWith('http:') ? ['--use-https=false'] : []), ...given],
    environment: {
      AZURE_STORAGE_ACCOUNT: account,
      AZURE_STORAGE_BLOB_ENDPOINT: endpoint,
      ...(credential.kind === 'key' ? { AZURE_STORAGE_AUTH_TYPE: 'Key', AZURE_STORAGE_ACCESS_KEY: credential.value } : { AZURE_STORAGE_AUTH_TYPE: 'SAS', AZURE_STORAGE_SAS_TOKEN: credential.value }),
    },
    input: null,
  };
}

export function blobfuseWords({ options }: Extract<FileSystemWork, { kind: 'blobfuse' }>): readonly string[] {
  const words = splitCommandLine(options);
  if (words === null || options.includes('\0')) throw new Error('blobfuseOptions has a quote that is not closed');
  return words;
}

/** What our own client does with `blobfuseOptions`. */
export interface ContainerOptions {
  /** Whether users other than root may enter (fuse(8)); of blobfuse too not by default. */
  readonly allowOther: boolean;
  /** Seconds for which the kernel need not ask again. */
  readonly attributeSeconds: number;
  readonly entrySeconds: number;
  readonly missingSeconds: number;
  /** What makes no difference where nothing is written or kept. */
  readonly without: readonly string[];
}

/** Blobs that come and go are seen soon, other than with blobfuse: nobody pays for a request here. */
const SEEN_AFTER_SECONDS = 1;
const MOST_SECONDS = 86_400;

export function containerOptions(words: readonly string[]): ContainerOptions {
  const seconds: Record<string, number> = {};
  let allowOther = false;
  const without: string[] = [];
  for (const option of optionsIn(words)) {
    const [, name, value = ''] = /^(attr_timeout|entry_timeout|negative_timeout)=(\d+(?:\.\d+)?)$/.exec(option) ?? [];
    if (option === 'allow_other' || option === '--allow-other') allowOther = true;
    else if (name !== undefined) seconds[name] = Math.min(Number(value), MOST_SECONDS);
    else if (option !== 'ro' && option !== '--read-only' && option !== '--read-only=true') without.push(option);
  }
  return {
    allowOther,
    attributeSeconds: seconds['attr_timeout'] ?? SEEN_AFTER_SECONDS,
    entrySeconds: seconds['entry_timeout'] ?? SEEN_AFTER_SECONDS,
    missingSeconds: seconds['negative_timeout'] ?? SEEN_AFTER_SECONDS,
    without,
  };
}

/** Those of `-o` one by one, and the others as they are written. */
function optionsIn(words: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (word === '-o') return [];
    const list = words[index - 1] === '-o' ? word : word.startsWith('-o') ? word.slice(2) : null;
    return list === null ? [word] : list.split(',').filter((option) => option !== '');
  });
}
