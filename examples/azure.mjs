// What examples in JavaScript share: clients for the account that the environment names, files that tasks read, a pool
// and a job that are gone afterwards, and waiting for tasks. The names are those of Azure's SDKs.
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';

const IMAGE = {
  imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts', version: 'latest' },
  nodeAgentSKUId: 'batch.node.ubuntu 22.04',
};
const ASK_EVERY_MS = 500;
/** Links to blobs are good for so long. */
const LINK_MS = 24 * 3_600_000;

const { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT, AZURE_STORAGE_CONNECTION_STRING } = process.env;
for (const name of ['AZURE_BATCH_ACCOUNT', 'AZURE_BATCH_ACCESS_KEY', 'AZURE_BATCH_ENDPOINT', 'AZURE_STORAGE_CONNECTION_STRING']) {
  if (!process.env[name]) {
    console.error(`${name} is not set: see "On Azure" in examples/README.md`);
    process.exit(2);
  }
}

export const batch = new BatchServiceClient(new BatchSharedKeyCredentials(AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY), AZURE_BATCH_ENDPOINT);
export const blobs = BlobServiceClient.fromConnectionString(AZURE_STORAGE_CONNECTION_STRING);

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort(new Error('interrupted')));

/**
 * Gives `work` a place of its own: a name that is free for pool and job, and a container. Afterwards, and after
 * Ctrl-C, whatever has the name is removed.
 */
export async function withPlace(kind, work) {
  const name = `${kind}-${Date.now().toString(36)}`;
  const container = blobs.getContainerClient(name);
  await container.create();
  try {
    return await work({ name, container });
  } finally {
    const gone = () => {};
    await Promise.all([batch.jobSchedule.deleteMethod(name).catch(gone), batch.job.deleteMethod(name).catch(gone), batch.pool.deleteMethod(name).catch(gone), container.delete().catch(gone)]);
  }
}

/** The link by which tasks may do in the container what `permissions` says: r, w, l … */
export function linkTo(container, permissions) {
  return container.generateSasUrl({ permissions: ContainerSASPermissions.parse(permissions), expiresOn: new Date(Date.now() + LINK_MS) });
}

/** Uploads local files, and gives them as tasks take them. */
export async function resourceFiles(container, paths) {
  const link = new URL(await linkTo(container, 'r'));
  return Promise.all(paths.map(async (path) => {
    const filePath = basename(path);
    await container.getBlockBlobClient(filePath).uploadData(readFileSync(path));
    return { filePath, httpUrl: `${link.origin}${link.pathname}/${filePath}${link.search}` };
  }));
}

/** `more`: further properties of a pool. */
export function addPool(name, more) {
  return batch.pool.add({ id: name, vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, ...more });
}

/** Asks until there is something to give. Ctrl-C, and a time-out, end it with an error. */
export async function until(what, minutes, found) {
  const deadline = Date.now() + minutes * 60_000;
  for (;;) {
    const value = await found();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not within ${minutes} minutes: ${what}`);
    await delay(ASK_EVERY_MS, undefined, { signal: interrupted.signal });
  }
}

/** The task when it is over; an error with the end of its stderr when it failed. */
export async function succeeded(job, id, minutes = 30) {
  const task = await until(`${id} is completed`, minutes, async () => {
    const seen = await batch.task.get(job, id);
    return seen.state === 'completed' ? seen : undefined;
  });
  if (task.executionInfo?.result === 'success') return task;
  const errors = await fileOf(job, id, 'stderr.txt').then(String, () => '');
  throw new Error(`${id} failed: ${task.executionInfo?.failureInfo?.message ?? ''}\n${errors.slice(-2_000)}`);
}

/** A file of a task, whole. */
export async function fileOf(job, id, path) {
  const { blobBody, readableStreamBody } = await batch.file.getFromTask(job, id, path);
  if (blobBody !== undefined) return Buffer.from(await (await blobBody).arrayBuffer());
  const chunks = [];
  for await (const chunk of readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A path as whoever called the example means it. */
export function fromCaller(path) {
  return resolve(process.env.EXAMPLE_CALLER ?? '', path);
}

/** Runs an example's program: an error is a line, and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    // An abort is told in the words of what aborted it.
    console.error((interrupted.signal.aborted ? interrupted.signal.reason : error).message);
    process.exitCode = 1;
  }
}
