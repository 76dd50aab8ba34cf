import { Readable } from 'node:stream';
import type { JobNumber, TaskNumber } from '../../../core/keys.ts';
import { taskDirectory, type FileAnswer, type FileProperties, type FileRead } from '../../../ports.ts';
import { noteDeletedFile } from '../../../store/intents/logArchive.ts';
import { nodeNames } from '../../../store/intents/nodes.ts';
import { findTask } from '../../../store/intents/tasks.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError, type ErrorCode, type ErrorValue } from '../../../wire/errors.ts';
import { fileContentType, fileHeaders, rangeWithin, readByteRange, relativeFilePath } from '../../../wire/files.ts';
import { matches, type Filter } from '../../../wire/odata.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { NodeFile } from '../../../wire/types.generated.ts';
import { deleted, type Answer } from '../../answer.ts';
import { param, type Call, type Handler, type Parts } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { invalidForState } from '../job/guards.ts';
import { existingJob } from '../job/handlers.ts';
import { existingNode } from '../node/existing.ts';
import { unreachableNode } from '../node/unreachable.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';
import { viewOfTask } from '../task/view.ts';
import { archivedFiles } from './archive.ts';
import { filesOfNode, type FileSource } from './source.ts';

/** A directory whose files are asked for: of a task, or a node's root. */
interface FileRoot {
  readonly source: FileSource;
  /** Below the node's root; empty for the root itself. */
  readonly directory: string;
  /** URL of the directory's file list. */
  readonly url: string;
  /** What to answer when the node cannot be reached. */
  readonly unreachable: ErrorCode;
  /** What to answer when the directory itself is not there any more; undefined where it cannot go before its node. */
  readonly removed?: ErrorCode;
  /** The completed task that left them; undefined: it is not completed, or it is a node. */
  readonly of?: { readonly job: JobNumber; readonly task: TaskNumber };
}

type FindRoot = (call: Call, parts: Parts) => Promise<FileRoot>;

const taskRoot: FindRoot = async (call, parts) => {
  const job = await existingJob(call, parts);
  const task = await findTask(parts.database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  // Offered is not started: nothing of the task is on a node yet.
  if (task.node === null || task.startedAt === null) throw invalidForState(`The task is in state '${viewOfTask(task).state}' and has not run on a node yet: it has no files.`);
  const url = `${call.baseUrl}/jobs/${job.id}/tasks/${task.id}/files`;
  // Retention takes the directory of a task that has ended, and of no other; and only such a one is archived.
  const completed = viewOfTask(task).state === 'completed' ? { removed: 'TaskFilesCleanedup' as const, of: { job: job.job, task: task.task } } : {};
  const root = { source: filesOfNode(call, parts, task.node), directory: taskDirectory(job.id, task.id), url, unreachable: 'TaskFilesUnavailable', ...completed } as const;
  const node = (await nodeNames(parts.database, [task.node])).get(task.node);
  if (node !== undefined && !node.gone) return root;
  const archived = await inArchive(call, parts, root);
  if (archived === null) throw new BatchError('TaskFilesUnavailable', [{ key: 'Reason', value: 'The node has gone and has taken the files along: they were not archived before.' }]);
  return archived;
};

/** The same files in the archive; null: they are not there. */
async function inArchive(call: Call, parts: Parts, { of, url, unreachable }: FileRoot): Promise<FileRoot | null> {
  if (of === undefined) return null;
  const source = await archivedFiles(call, parts, of.job, of.task);
  return source === null ? null : { source, directory: '', url, unreachable, of };
}

type Serve = (call: Call, root: FileRoot, parts: Parts) => Promise<Answer>;

/** Answers from the archive where the node cannot, or has the files no more. */
function withArchive(findRoot: FindRoot, serve: Serve): Handler {
  return async (call, parts) => {
    const root = await findRoot(call, parts);
    try {
      return await serve(call, root, parts);
    } catch (error) {
      const isMissing = error instanceof BatchError && (error.code === root.unreachable || error.code === root.removed);
      const archived = isMissing ? await inArchive(call, parts, root) : null;
      if (archived === null) throw error;
      return serve(call, archived, parts);
    }
  };
}

const nodeRoot: FindRoot = async (call, parts) => {
  const { pool, row } = await existingNode(call, parts);
  const { state } = nodeStatus(row);
  return { source: filesOfNode(call, parts, row.n_node), directory: '', url: `${call.baseUrl}/pools/${pool.id}/nodes/${row.id}/files`, unreachable: unreachableNode(state) };
};

type AskError = Extract<FileAnswer, { kind: 'error' }>;

/** What agents answer, as the service says it. */
const ERROR_CODES: Readonly<Record<Exclude<AskError['code'], 'NodeNotReady' | 'NotUploaded'>, ErrorCode>> = {
  FileNotFound: 'FileNotFound',
  PathNotFound: 'PathNotFound',
  InvalidRange: 'InvalidRange',
  PathOutsideNode: 'PathNotFound',
  DirectoryNotEmpty: 'OperationInvalidForCurrentState',
  Mounted: 'OperationInvalidForCurrentState',
  IsDirectory: 'ResourceTypeMismatch',
  Failed: 'IOError',
};

async function refused(root: FileRoot, error: AskError): Promise<BatchError> {
  const { code } = error;
  if (code === 'NotUploaded') throw new Error('a node answered of an upload that nobody asked for');
  if (code === 'NodeNotReady') return new BatchError(root.unreachable, reason(error));
  if (root.removed !== undefined && (code === 'FileNotFound' || code === 'PathNotFound')) {
    const directory = await root.source.ask({ kind: 'properties', path: root.directory });
    if (directory.kind === 'error' && directory.code === 'FileNotFound') return new BatchError(root.removed);
  }
  return new BatchError(ERROR_CODES[code], reason(error));
}

/** The agent's words: they name the path as it was asked for, never where it lies on the machine. */
function reason({ code, message }: AskError): readonly ErrorValue[] {
  return [
    { key: 'Reason', value: code === 'DirectoryNotEmpty' ? `${message}; recursive=true deletes it with all that is in it` : message },
  ];
}

/** The path asked for, below the directory. @throws BatchError PathNotFound for one that leaves it. */
function askedPath(call: Call): string {
  const path = relativeFilePath(param(call, 'filePath'));
  if (path === undefined) throw new BatchError('PathNotFound');
  return path;
}

/** The same, below the node's root. */
function fullPath(call: Call, root: FileRoot): string {
  const path = askedPath(call);
  return root.directory === '' ? path : `${root.directory}/${path}`;
}

function urlOf(root: FileRoot, name: string): string {
  return `${root.url}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

async function propertiesOf(root: FileRoot, path: string): Promise<FileProperties> {
  const answer = await root.source.ask({ kind: 'properties', path });
  if (answer.kind === 'error') throw await refused(root, answer);
  if (answer.kind !== 'properties') throw new Error(`a node answered properties with ${answer.kind}`);
  return answer.file;
}

function headersOf(call: Call, root: FileRoot, { sizeBytes, modifiedAt, createdAt, isDirectory, mode }: FileProperties): Readonly<Record<string, string>> {
  const path = askedPath(call);
  return { ...fileHeaders({ sizeBytes, modifiedMs: modifiedAt, createdMs: createdAt ?? undefined, isDirectory, mode: Number(mode), url: urlOf(root, path) }), ...root.source.headers(path) };
}

function properties(findRoot: FindRoot): Handler {
  return withArchive(findRoot, async (call, root) => {
    const file = await propertiesOf(root, fullPath(call, root));
    checkConditions(call, file.modifiedAt);
    return { status: 200, headers: { ...headersOf(call, root, file), 'content-length': String(file.sizeBytes) }, body: null };
  });
}

/**
 * The whole file, or with `ocp-range` a part of it under status 200, which is all that SDKs accept; a plain `Range` is
 * answered as HTTP has it, with 206.
 */
function get(findRoot: FindRoot): Handler {
  return withArchive(findRoot, async (call, root) => {
    const path = fullPath(call, root);
    if (WITH_PROPERTIES.every((name) => call.headers[name] === undefined)) return whole(call, root, path);
    const file = await propertiesOf(root, path);
    checkConditions(call, file.modifiedAt);
    if (file.isDirectory) throw new BatchError('ResourceTypeMismatch');
    const asked = call.headers['ocp-range'];
    const headers = headersOf(call, root, file);
    const wanted = typeof asked === 'string' ? readByteRange('ocp-range', asked) : readByteRange('Range', call.headers.range);
    // No range of an empty file can be had; SDKs ask for one all the same and take none for all.
    if (file.sizeBytes === 0) return { status: 200, headers: { ...headers, 'content-length': '0' }, body: '' };
    const range = wanted && rangeWithin(wanted, file.sizeBytes);
    const { firstByte, lastByte } = range ?? { firstByte: 0, lastByte: file.sizeBytes - 1 };
    // The end is named, so that a file that grows meanwhile gives as many bytes as the headers say.
    const read = await root.source.read({ kind: 'read', path, start: firstByte, end: lastByte });
    if (read.kind === 'error') throw await refused(root, read);
    const sizeBytes = lastByte - firstByte + 1;
    const length = { 'content-length': String(sizeBytes) };
    const body = bodyOf(read, sizeBytes);
    if (range === undefined || asked !== undefined) return { status: 200, headers: { ...headers, ...length }, body };
    return { status: 206, headers: { ...headers, ...length, 'content-range': `bytes ${firstByte}-${lastByte}/${file.sizeBytes}` }, body };
  });
}

/** What of a file's properties decides how it is answered: they are asked for before it is read. */
const WITH_PROPERTIES = ['ocp-range', 'range', 'if-modified-since', 'if-unmodified-since'] as const;

/** The node is asked once: the file's properties come with it. */
async function whole(call: Call, root: FileRoot, path: string): Promise<Answer> {
  const read = await root.source.read({ kind: 'read', path, start: 0, end: null });
  if (read.kind === 'error') throw await refused(root, read);
  const { sizeBytes } = read.file;
  return { status: 200, headers: { ...headersOf(call, root, read.file), 'content-length': String(sizeBytes) }, body: bodyOf(read, sizeBytes) };
}

function bodyOf({ body }: Extract<FileRead, { kind: 'file' }>, sizeBytes: number): Readable {
  return Readable.from(exactly(body, sizeBytes), { objectMode: false });
}

/**
 * As many bytes as the headers announced. More are left out. Fewer break the answer off, so that nobody takes a part
 * for the whole.
 */
async function* exactly(body: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let left = sizeBytes;
  for await (const part of body) {
    // Only what comes beyond the end breaks the reading off: a body that ends where it should is read to its end, so
    // that its sender hears that all went well.
    if (left <= 0) return;
    yield part.length <= left ? part : part.subarray(0, left);
    left -= part.length;
  }
  if (left > 0) throw new Error(`the node sent ${left} bytes too few`);
}

function list(findRoot: FindRoot): Handler {
  return withArchive(findRoot, async (call, root) => {
    const { maxResults, filter, recursive } = call.query;
    const page: NodeFile[] = [];
    let after = pageStart(call, 'files', '');
    for (let more = true; more && page.length <= maxResults; ) {
      call.signal.throwIfAborted();
      const ask = { kind: 'list', path: root.directory, recursive, prefix: prefixOf(filter), after, limit: maxResults + 1 } as const;
      const answer = await root.source.ask(ask);
      if (answer.kind === 'error') throw await refused(root, answer);
      if (answer.kind !== 'list') throw new Error(`a node answered list with ${answer.kind}`);
      const files = answer.files.map((file) => wireFile(file, root));
      page.push(...(filter === undefined ? files : files.filter((file) => matches(filter, file))));
      after = answer.files.at(-1)?.name ?? after;
      more = answer.more && answer.files.length > 0;
    }
    const shown = page.slice(0, maxResults);
    const token = page.length > shown.length ? skipToken('files', shown.at(-1)?.name ?? '') : null;
    const answer = listAnswer(call, 'files', shown.map((file) => dataContract.writeBody('NodeFile', call.version, file)), token);
    return { ...answer, headers: { ...answer.headers, ...root.source.headers(null) } };
  });
}

/**
 * Lets the agent leave out what a `startswith(name,'…')` would drop: it compares with case and filters do not, so only
 * what stands before the first letter.
 */
function prefixOf(filter: Filter | undefined): string {
  return (filter?.kind === 'startsWith' ? (/^\P{Cased}*/u.exec(filter.prefix)?.[0] ?? '') : '');
}

function wireFile(file: FileProperties, root: FileRoot): NodeFile {
  const { name, isDirectory, sizeBytes, modifiedAt, createdAt, mode } = file;
  if (isDirectory) return { name, url: urlOf(root, name), isDirectory };
  const creationTime = createdAt === null ? {} : { creationTime: formatTimestamp(createdAt) };
  const facts = { lastModified: formatTimestamp(modifiedAt), contentLength: String(sizeBytes), contentType: fileContentType(name), fileMode: mode };
  return { name, url: urlOf(root, name), isDirectory, properties: { ...creationTime, ...facts } };
}

function remove(findRoot: FindRoot): Handler {
  return withArchive(findRoot, async (call, root, { database }) => {
    const path = fullPath(call, root);
    const answer = await root.source.ask({ kind: 'delete', path, recursive: call.query.recursive });
    if (answer.kind === 'error') throw await refused(root, answer);
    if (root.of !== undefined) await noteDeletedFile(database, root.of.job, root.of.task, askedPath(call));
    return { ...deleted(200), headers: root.source.headers(null) };
  });
}

/** Operations on files of tasks and nodes, by operation id. */
export const fileHandlers = {
  File_ListFromTask: list(taskRoot),
  File_GetFromTask: get(taskRoot),
  File_GetPropertiesFromTask: properties(taskRoot),
  File_DeleteFromTask: remove(taskRoot),
  File_ListFromComputeNode: list(nodeRoot),
  File_GetFromComputeNode: get(nodeRoot),
  File_GetPropertiesFromComputeNode: properties(nodeRoot),
  File_DeleteFromComputeNode: remove(nodeRoot),
} as const satisfies Partial<Record<OperationId, Handler>>;
