import type { NodeNumber } from '../../../core/keys.ts';
import type { FileAnswer, FileAsk, FileRead } from '../../../ports.ts';
import type { Call, Parts } from '../../call.ts';

/** What is asked of files below a directory, beside their content. */
export type PathAsk = Extract<FileAsk, { kind: 'list' | 'properties' | 'delete' }>;

/** Who has files: a node, or the archive of a task. */
export interface FileSource {
  ask(ask: PathAsk): Promise<FileAnswer>;
  read(ask: Extract<FileAsk, { kind: 'read' }>): Promise<FileRead>;
  /** What its answers carry besides; `path`: of a file that the answer is about, or null. */
  headers(path: string | null): Readonly<Record<string, string>>;
}

export function filesOfNode(call: Call, { files }: Parts, node: NodeNumber): FileSource {
  const account = call.principal.account.number;
  return {
    ask: (ask) => files.ask(account, node, ask, call.signal),
    read: (ask) => files.read(account, node, ask, call.signal),
    headers: () => ({}),
  };
}
