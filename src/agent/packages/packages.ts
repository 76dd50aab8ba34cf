import { closeSync, fstatSync, lstatSync, mkdirSync, mkdtempSync, openSync, renameSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { TransferOptions } from '../../blobs/exchange.ts';
import { fetchFile } from '../../blobs/fetchFile.ts';
import { TransferError } from '../../blobs/transferError.ts';
import { isNoRoom } from '../../processes/noRoom.ts';
import { failure, messageOf, TaskFailure } from '../failures.ts';
import type { PackageWork } from '../frames.ts';
import { removeTrees } from '../removal.ts';
import { inspect } from './archive.ts';
import { unpack } from './unpack.ts';

/**
 * Application packages of a node: each activation of each version is downloaded and unpacked once, into a directory of
 * its own below `applications`, which all runs of the node share. What lies there is whole: it was unpacked elsewhere
 * and put there at the end.
 */
export interface NodePackages {
  /**
   * Resolves when all are there. @throws TaskFailure for one that cannot be had; the signal's reason when that aborts,
   * and then goes on for whoever else waits.
   */
  install(packages: readonly PackageWork[], signal: AbortSignal): Promise<void>;
  /** Where programs find them. */
  variables(packages: readonly PackageWork[]): ReadonlyMap<string, string>;
}

export interface NodePackagesOptions {
  readonly rootDirectory: string;
  /** Where it is made ready; what an earlier life left there is removed. */
  readonly stagingDirectory: string;
  readonly transfers: Omit<TransferOptions, 'signal'>;
  /** The node ends. */
  readonly signal: AbortSignal;
  readonly say: (message: string) => void;
}

type Known = Extract<PackageWork, { kind: 'package' }>;

export function createNodePackages(options: NodePackagesOptions): NodePackages {
  const { rootDirectory } = options;
  const placeOf = ({ directory }: Known): string => join(rootDirectory, 'applications', directory);
  /** By directory: what is under way. */
  const installing = new Map<string, Promise<void>>();

  const installed = (one: Known): Promise<void> => {
    const place = placeOf(one);
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true) return Promise.resolve();
    const under = installing.get(one.directory) ?? fetchAndUnpack(one, place, options).finally(() => installing.delete(one.directory));
    installing.set(one.directory, under);
    return under;
  };

  return {
    install: async (packages, signal) => {
      for (const one of packages) {
        if (one.kind === 'missing') throw new TaskFailure(packageFailure(one, one.reason));
        await unlessAborted(installed(one), signal);
      }
    },
    variables: (packages) => new Map(packages.flatMap((one) => (one.kind === 'package' ? [[one.variable, placeOf(one)]] : []))),
  };
}

function packageFailure({ application, version }: Pick<PackageWork, 'application' | 'version'>, message: string) {
  const named = version === null ? [] : ([['Version', version]] as const);
  return failure('ApplicationPackageError', ['ApplicationId', application], ...named, ['Message', message]);
}

async function fetchAndUnpack(one: Known, place: string, { stagingDirectory, transfers, signal, say }: NodePackagesOptions): Promise<void> {
  const staging = mkdtempSync(join(stagingDirectory, 'package-'));
  try {
    const content = join(staging, 'content');
    mkdirSync(content, { mode: 0o755 });
    const file = openSync(join(staging, 'zip'), 'wx+', 0o600);
    try {
      await fetchFile({ ...transfers, signal, url: one.url, file });
      const { size } = fstatSync(file);
      const { unpackedBytes } = await inspect(file, size);
      refuseWithoutRoom(staging, unpackedBytes);
      await unpack(file, content, signal);
    } finally {
      closeSync(file);
    }
    renameSync(content, place);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof TaskFailure ? error : failureOf(one, error);
  } finally {
    await removeTrees([staging]).catch((error: unknown) => say(messageOf(error)));
  }
}

function failureOf(one: Known, error: unknown): TaskFailure {
  if (isNoRoom(error)) return new TaskFailure(failure('DiskFull', ['ApplicationId', one.application], ['Message', messageOf(error)]));
  const lost = error instanceof TransferError && error.kind === 'notFound' ? 'Its zip file is not in the storage any more: ' : '';
  return new TaskFailure(packageFailure(one, `${lost}${messageOf(error)}`));
}

function refuseWithoutRoom(directory: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  if (neededBytes <= bavail * bsize) return;
  throw new TaskFailure(failure('DiskFull', ['Message', `The package unpacks to ${neededBytes} bytes, and the node has room for ${bavail * bsize}.`]));
}

function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
