import type { NodeRequest } from '../../src/nodes/provider.ts';
import { parseHost } from '../../src/nodes/ssh/hosts.ts';
import { createSshProvider } from '../../src/nodes/ssh/provider.ts';

/** A service that asks a host for a node, and is killed by its test before it hears the answer. */
interface Given {
  readonly directory: string;
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly user: string;
  readonly cluster: string;
  readonly request: NodeRequest;
}

const { directory, user: directoryUser, request, ...given } = JSON.parse(process.argv[2] ?? '') as Given;
const provider = createSshProvider({ hosts: { kind: 'named', hosts: [parseHost('127.0.0.2')] }, ...given, directory, directoryUser, nodesPerHost: 1, node: process.execPath, sshProgram: 'ssh', id: directory, authority: 'none', leaseMs: 60_000, say: () => undefined });
process.stdout.write('asked\n');
await provider.acquire(request);
