import { type ContainerTree, DIRECTORY, FileSystemError, type Found } from './containerTree.ts';
import { type Attributes, attributesReply, type DirectoryEntry, directoryReply, entryReply, errorReply, forgottenIn, type FuseRequest, handleIn, initReply, nameIn, OPCODES, openReply, readIn, reply, statfsReply } from './fuseFrames.ts';

export interface FileSystemOptions {
  readonly tree: ContainerTree;
  readonly attributeSeconds: number;
  readonly entrySeconds: number;
  readonly missingSeconds: number;
}

/** A path that the kernel knows by a number, as long as it has looked it up more often than it has forgotten it. */
interface Node {
  readonly path: string;
  found: Found;
  lookups: number;
}

interface Open {
  readonly path: string;
  readonly found: Found;
  readonly entries: readonly DirectoryEntry[];
}

/** include/uapi/linux/fuse.h, FUSE_ROOT_ID */
const ROOT = 1;

/**
 * A container as the kernel asks for it: looked up by name, listed when a directory is opened, read in parts. A file
 * that is open stays the version that was opened; where that is gone its reads fail (ESTALE). What it answers is
 * memory's and the tree's alone.
 */
export function createFileSystem({ tree, attributeSeconds, entrySeconds, missingSeconds }: FileSystemOptions): (request: FuseRequest) => Promise<Buffer | null> {
  const nodes = new Map<number, Node>([[ROOT, { path: '', found: DIRECTORY, lookups: 1 }]]);
  const numbers = new Map<string, number>([['', ROOT]]);
  const opened = new Map<number, Open>();
  let last = ROOT;
  let lastHandle = 0;

  const nodeOf = (number: number): Node => {
    const node = nodes.get(number);
    if (node === undefined) throw new FileSystemError('ENOENT', 'it was forgotten');
    return node;
  };
  const openOf = (handle: number): Open => {
    const open = opened.get(handle);
    if (open === undefined) throw new FileSystemError('EBADF', 'it is not open');
    return open;
  };
  const lookUp = (path: string, found: Found): number => {
    const number = numbers.get(path) ?? ++last;
    const node = nodes.get(number) ?? { path, found, lookups: 0 };
    node.found = found;
    node.lookups += 1;
    numbers.set(path, number);
    nodes.set(number, node);
    return number;
  };
  const forget = (number: number, lookups: number): void => {
    const node = nodes.get(number);
    if (node === undefined || number === ROOT) return;
    node.lookups -= lookups;
    if (node.lookups > 0) return;
    nodes.delete(number);
    numbers.delete(node.path);
  };
  const open = (entry: Open): number => {
    opened.set(++lastHandle, entry);
    return lastHandle;
  };
  /** The version that is there now. */
  const foundNow = async (path: string): Promise<Found> => {
    const found = path === '' ? DIRECTORY : await tree.find(path);
    if (found === null) throw new FileSystemError('ENOENT', path);
    return found;
  };

  const answer = async (request: FuseRequest): Promise<Buffer | null> => {
    const { opcode, unique, node: number } = request;
    switch (opcode) {
      case OPCODES.init:
        return initReply(request);
      case OPCODES.lookup: {
        const path = below(nodeOf(number).path, nameIn(request));
        const found = await tree.find(path);
        if (found === null) return entryReply(unique, null, missingSeconds, 0);
        return entryReply(unique, attributes(lookUp(path, found), found), entrySeconds, attributeSeconds);
      }
      case OPCODES.getattr: {
        const node = nodeOf(number);
        node.found = await foundNow(node.path);
        return attributesReply(unique, attributes(number, node.found), attributeSeconds);
      }
      case OPCODES.open: {
        const { path } = nodeOf(number);
        const found = await tree.open(path);
        if (found.isDirectory) throw new FileSystemError('EISDIR', path);
        return openReply(unique, open({ path, found, entries: [] }));
      }
      case OPCODES.read: {
        const { handle, offset, sizeBytes } = readIn(request);
        const { path, found } = openOf(handle);
        const end = Math.min(offset + sizeBytes, found.sizeBytes);
        return reply(unique, offset >= end ? Buffer.alloc(0) : await tree.read(path, found.etag, offset, end));
      }
      case OPCODES.opendir: {
        const { path } = nodeOf(number);
        return openReply(unique, open({ path, found: DIRECTORY, entries: await tree.list(path) }));
      }
      case OPCODES.readdir: {
        const { handle, offset, sizeBytes } = readIn(request);
        return directoryReply(unique, openOf(handle).entries, offset, sizeBytes);
      }
      case OPCODES.release:
      case OPCODES.releasedir:
        opened.delete(handleIn(request));
        return reply(unique, Buffer.alloc(0));
      case OPCODES.flush:
      case OPCODES.destroy:
        return reply(unique, Buffer.alloc(0));
      case OPCODES.statfs:
        return statfsReply(unique);
      case OPCODES.forget:
      case OPCODES.batchForget:
        for (const [forgotten, lookups] of forgottenIn(request)) forget(forgotten, lookups);
        return null;
      case OPCODES.interrupt:
        return null;
      default:
        return errorReply(unique, 'ENOSYS');
    }
  };

  return (request) =>
    answer(request).catch((error: unknown) => errorReply(request.unique, error instanceof FileSystemError ? error.errno : 'EIO'));
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

function attributes(node: number, { isDirectory, sizeBytes, modifiedAtMs }: Found): Attributes {
  return { node, isDirectory, sizeBytes, modifiedAtMs };
}
