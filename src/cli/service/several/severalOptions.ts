import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { isLoopback } from '../../../processes/machine.ts';

/** What a user may say about a process that is one of several on a database (docs/several.md). */
export interface SeveralWishes {
  /** The file of what all of them share. */
  readonly clusterKeyFile?: string;
  /** Where the others reach this one. */
  readonly internalUrl?: string;
  /** Where clients and tasks reach any of them. */
  readonly publicUrl?: string;
  /** Where processes of this machine have the directories of their nodes together. */
  readonly sharedNodeDir?: string;
}

/** How a process is one of several; the cluster key is kept elsewhere. */
export interface SeveralOptions {
  /** Undefined: the address that it listens at. */
  readonly internalUrl?: string;
  /** Of a load balancer before them, as tasks are told; undefined: that of the process that has the account. */
  readonly publicUrl?: string;
  /** Undefined: nodes lie in its data directory, and are this process's alone. */
  readonly sharedNodeDir?: string;
}

const KEY_FILE = '--cluster-key-file';
const INTERNAL_URL = '--internal-url';
const PUBLIC_URL = '--public-url';
const NODE_DIR = '--shared-node-dir';

export function severalOptions(): readonly Option[] {
  return [
    new Option(`${KEY_FILE} <file>`, 'this is one of several processes on one database: the secret that they share, 32 characters or more (docs/several.md); or in LINARITE_CLUSTER_KEY').argParser((path: string) => resolve(path)),
    new Option(`${INTERNAL_URL} <url>`, 'where the other processes reach this one (default: the address that it listens at)').argParser(readUrl),
    new Option(`${PUBLIC_URL} <url>`, 'where tasks reach any of the processes: a load balancer (default: the process that has their account)').argParser(readUrl),
    new Option(`${NODE_DIR} <directory>`, 'processes of this machine keep the directories of nodes there together, so that tasks go on when one of them ends').argParser((path: string) => resolve(path)),
  ];
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.pathname === '/' && url.search === '' && url.username === '') return url.origin;
  throw new InvalidArgumentError('it has the form http://HOST:PORT or https://HOST:PORT');
}

/** What a process is told, and else what the one before it had. */
export function decideSeveral(wishes: SeveralWishes, former: SeveralOptions | undefined): SeveralOptions {
  const internalUrl = wishes.internalUrl ?? former?.internalUrl;
  const publicUrl = wishes.publicUrl ?? former?.publicUrl;
  const sharedNodeDir = wishes.sharedNodeDir ?? former?.sharedNodeDir;
  return { ...(internalUrl === undefined ? {} : { internalUrl }), ...(publicUrl === undefined ? {} : { publicUrl }), ...(sharedNodeDir === undefined ? {} : { sharedNodeDir }) };
}

/**
 * Where the other processes reach one that is told nothing of it: what it listens at, over TLS beyond its machine.
 * `name`: of the machine.
 */
export function internalUrlOf({ internalUrl }: SeveralOptions, { host, endpoint, name }: { readonly host: string; readonly endpoint: string; readonly name: string }): string {
  if (internalUrl !== undefined) return internalUrl;
  if (isLoopback(host)) return endpoint;
  const at = host === '0.0.0.0' || host === '::' ? name : host;
  return `https://${at.includes(':') ? `[${at}]` : at}:${new URL(endpoint).port}`;
}

/** As the next process is told. */
export function severalFlags({ internalUrl, publicUrl, sharedNodeDir }: SeveralOptions): string[] {
  return [...(internalUrl === undefined ? [] : [INTERNAL_URL, internalUrl]), ...(publicUrl === undefined ? [] : [PUBLIC_URL, publicUrl]), ...(sharedNodeDir === undefined ? [] : [NODE_DIR, sharedNodeDir])];
}

/** In what a running process is another one than is asked for, in words. */
export function otherSeveral(wishes: SeveralWishes, options: SeveralOptions): string[] {
  const wanted = severalFlags(decideSeveral(wishes, options));
  const is = severalFlags(options);
  return wanted.join(' ') === is.join(' ') ? [] : [is.length === 0 ? `without ${wanted.join(' ')}` : `with ${is.join(' ')}`];
}

/** Whether a record holds such options, or none. */
export function isSeveral(options: object): boolean {
  return ['internalUrl', 'publicUrl', 'sharedNodeDir'].every((name) => ['undefined', 'string'].includes(typeof Reflect.get(options, name)));
}
