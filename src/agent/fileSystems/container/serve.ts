import { spawnSync } from 'node:child_process';
import { openSync, read, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { containerSasUrl } from '../../../blobs/sas.ts';
import { listLevel } from '../../../blobs/list.ts';
import { codeOf, messageOf } from '../../../base/errors.ts';
import type { ContainerOptions } from '../mountWords.ts';
import { FUSE_DEVICE, MOUNT_PATH } from '../programs.ts';
import type { ContainerSource } from '../../frames.ts';
import { MOUNTED } from './words.ts';
import { createContainerTree } from './containerTree.ts';
import { createFileSystem } from './fileSystem.ts';
import { MOST_READ_BYTES, MOST_REQUEST_BYTES, requestOf } from './fuseFrames.ts';

const readFrom = promisify(read);

/** What the process reads from its standard input, so that no credential stands in an argument or a variable. */
export interface ServedContainer extends ContainerSource, Omit<ContainerOptions, 'without'> {
  readonly point: string;
}

const SIGNED_FOR_MS = 3_600_000;
const TRANSFER = { idleMs: 20_000, retryMs: 30_000, signal: new AbortController().signal };
/** At the beginning somebody waits, who can be told what is wrong. */
const FIRST_TRY = { ...TRANSFER, retryMs: 5_000 };
const DESCRIPTOR = 3;

/**
 * Serves a container as a file system that is only read, until it is unmounted or the process is killed. A process of
 * its own: the agent, which looks at files of the node synchronously, would wait for itself. Rejects with why it cannot
 * be had.
 */
export async function serveContainer(): Promise<void> {
  const served = JSON.parse(readFileSync(0, 'utf8')) as ServedContainer;
  const url = urlOf(served);
  // A container that is not there, or closed, is said before anything is mounted.
  await listLevel(url(), '', { ...FIRST_TRY, pageSize: 1 }).next();
  const device = openSync(FUSE_DEVICE, 'r+');
  const tree = createContainerTree(url, served.entrySeconds * 1_000, TRANSFER, () => performance.now());
  mount(served, device);
  const answered = serve(device, createFileSystem({ tree, ...served }));
  writeSync(1, MOUNTED);
  await answered;
}

function urlOf({ account, container, endpoint, credential }: ServedContainer): () => string {
  if (credential.kind === 'sas') return () => `${endpoint}/${encodeURIComponent(container)}?${credential.value.replace(/^\?/, '')}`;
  const signing = { accountName: account, accountKey: credential.value, endpoint };
  return () => containerSasUrl(signing, container, ['read', 'list'], Date.now() + SIGNED_FOR_MS);
}

/** By mount(8), which hands the device on: Node.js has no mount(2). */
function mount({ account, container, allowOther, point }: ServedContainer, device: number): void {
  const options = `fd=${DESCRIPTOR},rootmode=40000,user_id=0,group_id=0,max_read=${MOST_READ_BYTES},ro,nosuid,nodev${allowOther ? ',allow_other' : ''}`;
  const { status, stderr, error } = spawnSync('mount', ['-i', '-n', '-t', 'fuse.linarite', '-o', options, '--', `${account}/${container}`, point], {
    cwd: '/',
    env: { PATH: MOUNT_PATH, LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', device],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr?.trim() || (error === undefined ? `mount ended with ${status}` : messageOf(error)));
}

/** One read waits for the kernel at a time, in the thread pool; answers are written as they come. */
async function serve(device: number, answer: ReturnType<typeof createFileSystem>): Promise<void> {
  for (;;) {
    const bytes = await requestFrom(device);
    if (bytes === 'unmounted') return;
    if (bytes !== null) void answer(requestOf(bytes)).then((reply) => reply !== null && send(device, reply));
  }
}

/** null: whoever asked no longer waits. */
async function requestFrom(device: number): Promise<Buffer | 'unmounted' | null> {
  const bytes = Buffer.allocUnsafe(MOST_REQUEST_BYTES);
  try {
    const { bytesRead } = await readFrom(device, bytes, 0, bytes.length, null);
    return bytes.subarray(0, bytesRead);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENODEV') return 'unmounted';
    if (code === 'EINTR' || code === 'EAGAIN' || code === 'ENOENT') return null;
    throw error;
  }
}

function send(device: number, reply: Buffer): void {
  try {
    writeSync(device, reply);
  } catch {
    // The caller is gone, or the file system is.
  }
}
