import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForOutside } from '../../src/agent/network/outside.ts';
import { missingForNamespaces } from '../../src/nodes/local/network/namespace.ts';
import { createNodeNetworks } from '../../src/nodes/local/network/nodeNetworks.ts';
import { createLocalProvider } from '../../src/nodes/local/provider.ts';
import { readRecords } from '../../src/nodes/local/record.ts';
import type { ClosableProvider } from '../../src/nodes/provider.ts';
import { endProcess, waitUntil } from '../../src/processes/end.ts';
import { agentCommand } from '../agent/testNode.ts';
import { type ScriptedOwner, startOwner } from '../agent/scriptedOwner.ts';
import { nodeRequest } from '../support/providers.ts';

const ENDPOINT_PORT = 31_500;
const CIDR = '10.199.0.0/16';
function noBlobs(): Promise<null> {
  return Promise.resolve(null);
}
const refused = await createNodeNetworks({ cidr: CIDR, blobsUrl: noBlobs }).tryOut().then(() => null, (error: unknown) => String(error));
if (refused !== null) console.log(`skipped: networks of nodes: ${refused}`);

/** Prints what it is told at that address, or why it cannot. */
function ask(address: string, port: number | string): string {
  return `/usr/bin/perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "${address}", PeerPort => "${port}", Timeout => 1) or do { print "no: $!"; exit }; print $s "GET /x HTTP/1.0\\r\\n\\r\\n"; shutdown $s, 1; local $/; print <$s>'`;
}

describe.runIf(refused === null)('nodes with networks of their own', () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'linarite-network-'));
  chmodSync(dataRoot, 0o711);
  const owners = new Map<number, ScriptedOwner>();
  const servers: Server[] = [];
  const seen = new Set<string>();
  let provider: ClosableProvider;
  let blobs: Server;
  const make = (): ClosableProvider => createLocalProvider({ dataRoot, agentCommand, networks: { cidr: CIDR, blobsUrl: () => Promise.resolve(`http://127.0.0.1:${portOf(blobs)}`) } });

  const listen = async (host: string, says: string): Promise<Server> => {
    const server = createServer((socket) => void socket.on('error', () => {}).end(says));
    server.listen({ host, port: 0 });
    await once(server, 'listening');
    servers.push(server);
    return server;
  };
  const start = async (node: number, pool: number, interNode: boolean, life = 1): Promise<void> => {
    const owner = owners.get(node) ?? (await startOwner(node === 2 ? { endpoints: [{ name: 'web', protocol: 'tcp', backendPort: 7_000, firstPort: ENDPOINT_PORT, lastPort: ENDPOINT_PORT, rules: [] }, { name: 'udp', protocol: 'udp', backendPort: 7_001, firstPort: ENDPOINT_PORT, lastPort: ENDPOINT_PORT, rules: [] }] } : {}));
    owner.onFileBody = (_request, response) => void response.end(`the service of ${node}`);
    owners.set(node, owner);
    const before = owner.reports.filter(({ kind }) => kind === 'ready').length;
    await provider.acquire(nodeRequest({ node, pool, interNode, life, agentUrl: owner.agentUrl }));
    await owner.until('ready', () => owner.reports.filter(({ kind }) => kind === 'ready').length > before);
    seen.add((await output(node, '/bin/readlink /proc/self/ns/net')).trim());
  };
  const ownerOf = (node: number): ScriptedOwner => {
    const owner = owners.get(node);
    if (owner === undefined) throw new Error(`node ${node} was not started`);
    return owner;
  };
  let tasks = 0;
  const output = async (node: number, commandLine: string, admin = false): Promise<string> => {
    const task = `t${++tasks}`;
    await ownerOf(node).run({ task, commandLine, user: { kind: 'auto', scope: 'pool', elevation: admin ? 'admin' : 'nonadmin' } });
    return readFileSync(join(dataRoot, String(node), 'root/workitems/job1/job-1', task, 'stdout.txt'), 'utf8');
  };
  const address = (node: number): string => `10.199.0.${node}`;
  /** A task of the node answers whoever connects, until it is told to end. */
  const serve = async (node: number, task = 'serve'): Promise<void> => {
    const key = { job: 9, task: node + task.length, attempt: 1, instance: 0 };
    const program = `/usr/bin/perl -MIO::Socket::INET -e '$| = 1; my $l = IO::Socket::INET->new(Listen => 5, LocalPort => 7000, ReuseAddr => 1) or die; open(my $f, ">", "up"); close $f; while (my $c = $l->accept) { print $c "node ${node}"; close $c }'`;
    ownerOf(node).command({ kind: 'offer', key, work: { job: 'job9', task, directory: `workitems/job9/job-1/${task}`, slots: 1, commandLine: program, environment: [], resourceFiles: [], outputFiles: [], user: { kind: 'auto', scope: 'pool', elevation: 'nonadmin' }, wallClockMs: null, retentionMs: null } });
    if (!(await waitUntil(() => existsSync(join(dataRoot, String(node), `root/workitems/job9/job-1/${task}/wd/up`)), 10_000))) throw new Error(`nobody answers on node ${node}`);
  };

  beforeAll(async () => {
    blobs = await listen('127.0.0.1', 'blobs');
    provider = make();
    await Promise.all([start(1, 1, false), start(2, 1, false), start(3, 2, true), start(4, 2, true)]);
    await Promise.all([serve(2), serve(4)]);
  });
  afterAll(async () => {
    await Promise.all([...owners.keys()].map((node) => provider.release(node, 9, 1_000)));
    await provider.close();
    await Promise.all([...owners.values()].map((owner) => owner.close()));
    for (const server of servers) server.close();
    rmSync(dataRoot, { recursive: true, force: true });
  });

  test('have each another one than the machine and than each other, also for admin tasks', async () => {
    expect(seen.size).toBe(4);
    expect(seen).not.toContain(readlinkSync('/proc/self/ns/net'));
    expect(seen).toContain((await output(1, '/bin/readlink /proc/self/ns/net', true)).trim());
    expect(await output(1, '/bin/sh -c "id -u; id -G; readlink /proc/self/fd/*"'), 'with the rights of its user, and no namespace open').toMatch(/^\d{10}\n\d{10}\n(?!.*net:)/s);
  });

  test('say so, and have an address of the network that they were given, which their host name stands for', async () => {
    const [hello] = ownerOf(3).frames.flatMap(({ frame }) => (frame.kind === 'hello' ? [frame.report] : []));
    expect(hello).toMatchObject({ ipAddress: address(3), version: expect.stringMatching(/\+\w+\.network$/) });
    expect(await output(3, '/bin/sh -c "getent hosts $(hostname)"')).toMatch(address(3));
  });

  test('reach the service and the blobs where everybody else does', async () => {
    const port = new URL(ownerOf(1).agentUrl).port;
    for (const node of [1, 3]) {
      expect(await output(node, ask('127.0.0.1', node === 1 ? port : new URL(ownerOf(3).agentUrl).port))).toMatch(`the service of ${node}`);
      expect(await output(node, ask('127.0.0.1', portOf(blobs)))).toBe('blobs');
    }
  });

  test('are told by the address of Azure’s metadata which node they are', async () => {
    const url = 'http://169.254.169.254/metadata/instance/compute/name?api-version=2021-02-01&format=text';
    const program = `/usr/bin/perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "169.254.169.254:80") or die; print $s "GET ${new URL(url).pathname}${new URL(url).search} HTTP/1.0\\r\\nMetadata: true\\r\\n\\r\\n"; local $/; print <$s>'`;
    for (const node of [1, 3]) expect(await output(node, program)).toMatch(new RegExp(`^HTTP/1.1 200 .*\r\n\r\nn${node}$`, 's'));
  });

  test('reach a metadata service at the address of Azure, which is their own', async () => {
    expect(await output(1, ask('169.254.169.254', 80))).toMatch('Required metadata header not specified');
    expect(await output(3, '/bin/sh -c "echo $LINARITE_SCHEDULED_EVENTS_URL"')).toBe('http://169.254.169.254/metadata/scheduledevents\n');
  });

  test('are reached by their endpoints from outside', async () => {
    const told = await new Promise<string>((settle) => {
      const socket = connect(ENDPOINT_PORT, '127.0.0.1');
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('error', () => {}).on('close', () => settle(text));
    });
    expect(told).toBe('node 2');
  });

  test('are reached by datagrams too, each source apart, and answers find back', async () => {
    const program = `/usr/bin/perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 7001, Proto => "udp") or die; open(my $f, ">", "up"); close $f; for (1 .. 3) { $s->recv(my $x, 65536); $s->send($x . " from " . $s->peerport) }'`;
    const up = join(dataRoot, '2/root/workitems/job1/job-1/datagrams/wd/up');
    const answered = ownerOf(2).run({ task: 'datagrams', commandLine: program });
    await expect.poll(() => existsSync(up), { timeout: 30_000 }).toBe(true);
    const sockets = [createSocket('udp4'), createSocket('udp4')];
    const said = async (socket: Socket | undefined, text: string): Promise<readonly string[]> => {
      const answer = new Promise<Buffer>((resolve) => socket?.once('message', resolve));
      socket?.send(text, ENDPOINT_PORT, '127.0.0.1');
      return (await answer).toString().split(' from ');
    };
    const large = 'x'.repeat(60_000);
    const [first, second, third] = [await said(sockets[0], 'a'), await said(sockets[1], large), await said(sockets[0], '')];
    for (const socket of sockets) socket.close();
    expect([first[0], second[0], third[0]]).toEqual(['a', large, '']);
    expect([third[1] === first[1], second[1] === first[1]]).toEqual([true, false]);
    expect((await answered).outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  test('reach nothing else of the machine', async () => {
    const local = await listen('127.0.0.1', 'private');
    const everywhere = await listen('0.0.0.0', 'public');
    const outside = Object.values(networkInterfaces()).flat().find((found) => found?.family === 'IPv4' && !found.internal)?.address ?? '127.0.0.1';
    const asks = [1, 3].flatMap((node) => [output(node, ask('127.0.0.1', portOf(local))), output(node, ask(outside, portOf(everywhere)))]);
    expect(await Promise.all(asks)).toEqual(asks.map(() => expect.stringMatching(/^no: /)));
  });

  test('reach each other only where their pool says so, and never those of another pool', async () => {
    expect(await output(3, ask(address(4), 7_000))).toBe('node 4');
    expect(await output(4, ask(address(4), 7_000)), 'itself').toBe('node 4');
    expect(await output(2, ask(address(2), 7_000)), 'itself').toBe('node 2');
    const kept = [[1, 2], [1, 4], [3, 2]] as const;
    expect(await Promise.all(kept.map(([from, to]) => output(from, ask(address(to), 7_000))))).toEqual(kept.map(() => expect.stringMatching(/^no: /)));
  });

  test('keep all that when the service is killed and another one comes: a node that starts then is linked to those that are there', async () => {
    await provider.close();
    provider = make();
    await start(6, 2, true);
    expect(await output(6, ask(address(4), 7_000))).toBe('node 4');
    const outside = (await readRecords(dataRoot)).find(({ node }) => node === 4)?.agent;
    if (!outside) throw new Error('node 4 has no agent');
    await endProcess(outside, [{ signal: 'SIGKILL', waitMs: 30_000 }]);
    await start(4, 2, true, 2);
    await serve(4, 'serve-again');
    expect(await output(6, ask(address(4), 7_000)), 'of the next life').toBe('node 4');
  });

  test('leave nothing when they are released', async () => {
    for (const { node, life } of await readRecords(dataRoot)) await provider.release(node, life, 1_000);
    await expect.poll(() => openNamespaces().filter((found) => seen.has(found)), { timeout: 30_000 }).toEqual([]);
    expect(Object.keys(networkInterfaces()).filter((name) => /^n[0-9a-f]{14}$/.test(name))).toEqual([]);
    expect(readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`)).filter((link) => link.startsWith('net:')), 'switches that the service has open').toEqual([]);
  });
});

const noWay = missingForNamespaces() ?? missingForOutside();
if (noWay !== null) console.log(`skipped: a way outside for nodes: ${noWay}`);

test.skipIf(noWay !== null)('a node with a way outside reaches what its machine reaches, and not the machine’s loopback', async () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'linarite-network-'));
  chmodSync(dataRoot, 0o711);
  const provider = createLocalProvider({ dataRoot, agentCommand, networks: { cidr: CIDR, nat: true, blobsUrl: noBlobs } });
  const owner = await startOwner();
  const [everywhere, local] = await Promise.all(['0.0.0.0', '127.0.0.1'].map(async (host) => {
    const server = createServer((socket) => void socket.on('error', () => {}).end('reached')).listen({ host, port: 0 });
    await once(server, 'listening');
    return server;
  }));
  const outside = Object.values(networkInterfaces()).flat().find((found) => found?.family === 'IPv4' && !found.internal)?.address;
  if (everywhere === undefined || local === undefined || outside === undefined) throw new Error('this machine has no address but those of its loopback');
  try {
    await provider.probe();
    await provider.acquire(nodeRequest({ agentUrl: owner.agentUrl }));
    const output = async (task: string, address: string, server: Server): Promise<string> => {
      await owner.run({ task, commandLine: ask(address, portOf(server)) });
      return readFileSync(join(dataRoot, '1/root/workitems/job1/job-1', task, 'stdout.txt'), 'utf8');
    };
    expect(await output('outside', outside, everywhere)).toBe('reached');
    expect(await output('gateway', '100.127.254.2', local)).not.toBe('reached');
    expect(await output('loopback', '127.0.0.1', local)).toMatch(/^no: /);
    const programs = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/environ`).includes(`LINARITE_NODE=${dataRoot}/1/root`) && textOf(`/proc/${name}/cmdline`).includes('slirp4netns'));
    expect(programs).toHaveLength(1);
    // It goes with the agent, however that ends.
    const agent = (await readRecords(dataRoot))[0]?.agent;
    if (!agent) throw new Error('the node has no agent');
    await endProcess(agent, [{ signal: 'SIGKILL', waitMs: 30_000 }]);
    await expect.poll(() => existsSync(`/proc/${programs[0]}`), { timeout: 30_000 }).toBe(false);
  } finally {
    await provider.release(1, 1, 1_000);
    await provider.close();
    await owner.close();
    for (const server of [everywhere, local]) server.close();
    rmSync(dataRoot, { recursive: true, force: true });
  }
});

test('networks are refused with the reason where the machine cannot make them', async () => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'linarite-network-'));
  const provider = createLocalProvider({ dataRoot, agentCommand, networks: { cidr: '10.0.0.0/31', blobsUrl: noBlobs } });
  await expect(provider.probe()).rejects.toThrow(/^nodes cannot have networks of their own here: /);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  return address.port;
}

/** Network namespaces that some process lives in or has open. */
function openNamespaces(): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return [...new Set(pids.flatMap((pid) => [linkOf(`/proc/${pid}/ns/net`), ...entriesOf(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))]).filter((link) => link.startsWith('net:')))];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
