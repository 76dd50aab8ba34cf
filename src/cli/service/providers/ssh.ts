import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { type HostSource, parseHost } from '../../../nodes/ssh/hosts.ts';
import type { MakeProvider } from './kinds.ts';
import type { Mapping } from './place.ts';

const SSH_PORT = 22;
const MOST_NODES_PER_HOST = 64;
/** A shorter lease ends tasks at the first hiccup of a network. */
const LEASE_SECONDS = { least: 20, most: 86_400 };

/** Machines that are reached by ssh(1): docs/ssh.md. @throws BadProviders */
export function sshHosts(mapping: Mapping): MakeProvider {
  const hosts = hostsIn(mapping);
  const user = mapping.optionalText('user');
  const port = mapping.optionalNumber('port', { least: 1, most: 65_535 }) ?? SSH_PORT;
  const [keyFile, knownHostsFile] = [resolve(mapping.text('keyFile')), resolve(mapping.text('knownHostsFile'))];
  const nodesPerHost = mapping.optionalNumber('nodesPerHost', { least: 1, most: MOST_NODES_PER_HOST }) ?? 1;
  const directory = mapping.optionalText('directory');
  if (directory !== undefined && !isAbsolute(directory)) throw mapping.bad('directory', 'it is a directory of the hosts, and begins with a slash.');
  const node = mapping.optionalText('node') ?? 'node';
  const sshProgram = mapping.optionalText('ssh') ?? 'ssh';
  const leaseSeconds = mapping.optionalNumber('leaseSeconds', LEASE_SECONDS);
  return async ({ name, directory: { root }, service: { agentUrl, authority, cluster, leaseMs }, say }) => {
    const { createSshProvider } = await import('../../../nodes/ssh/provider.ts');
    const account = user ?? userInfo().username;
    return createSshProvider({
      hosts,
      ...(user === undefined ? {} : { user }),
      port,
      keyFile,
      knownHostsFile,
      nodesPerHost,
      ...(directory === undefined ? {} : { directory }),
      directoryUser: account,
      node,
      sshProgram,
      id: createHash('sha256').update(`${root} ${name}`).digest('hex'),
      cluster: `${cluster}-${name}`,
      agentUrl,
      authority,
      leaseMs: leaseSeconds === undefined ? leaseMs : leaseSeconds * 1_000,
      say,
    });
  };
}

function hostsIn(mapping: Mapping): HostSource {
  const [named, command] = [mapping.optionalTexts('hosts'), mapping.optionalTexts('hostsCommand')];
  if (named !== undefined && command !== undefined) throw mapping.bad('hostsCommand', 'there are hosts already: it is one or the other.');
  const [program, ...args] = command ?? [];
  if (program !== undefined) return { kind: 'command', words: [program, ...args] };
  if (named === undefined) throw mapping.bad('hosts', 'it is missing; or hostsCommand says which there are.');
  try {
    return { kind: 'named', hosts: [...new Set(named)].map(parseHost) };
  } catch (error) {
    throw mapping.bad('hosts', `${messageOf(error)}.`);
  }
}
