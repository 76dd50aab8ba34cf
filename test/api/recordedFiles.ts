import type { FileProperties, NodeFiles } from '../../src/ports.ts';

/** Files of the recorded nodes by their paths below the node's root; null: a directory. */
const CONTENTS: Readonly<Record<string, string | null>> = {
  applications: null,
  fsmounts: null,
  shared: null,
  startup: null,
  'startup/wd/hello.txt': 'hello \r\n',
  volatile: null,
  workitems: null,
  'workitems/HelloWorldJobNodeSDKTest/job-1/HelloWorldNodeSDKTestTask2/stderr.txt': '',
  'workitems/HelloWorldJobNodeSDKTest/job-1/HelloWorldNodeSDKTestTask2/stdout.txt': 'hello world\r\n',
  'workitems/HelloWorldJobNodeSDKTest/job-1/HelloWorldNodeSDKTestTask2/wd': null,
};

/** Nodes that have these files, each of them. */
export const recordedFiles: NodeFiles = {
  ask(_account, _node, ask) {
    switch (ask.kind) {
      case 'list': {
        const within = Object.keys(CONTENTS).filter((path) => parentOf(path) === ask.path);
        return Promise.resolve({ kind: 'list', files: within.map(properties), more: false });
      }
      case 'properties':
        return Promise.resolve({ kind: 'properties', file: properties(ask.path) });
      case 'delete':
        return Promise.resolve({ kind: 'deleted' });
      case 'uploadLogs':
        return Promise.resolve({ kind: 'uploaded', files: 4 });
    }
  },
  read(_account, _node, { path }) {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(CONTENTS[path] ?? '');
    }
    return Promise.resolve({ kind: 'file', file: properties(path), body: body() });
  },
};

function parentOf(path: string): string {
  return path.replace(/\/?[^/]*$/, '');
}

function properties(path: string): FileProperties {
  const text = CONTENTS[path];
  if (text === undefined) throw new Error(`no file ${path}`);
  const name = path.replace(/.*\//, '');
  return { name, isDirectory: text === null, sizeBytes: Buffer.byteLength(text ?? ''), modifiedAt: 2, createdAt: 1, mode: '0o100644' };
}
