import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Node } from '../../src/wire/types.generated.ts';
import { type Instance, startLinarite, until } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

const FIRST_PORT = 32_100;
const BACKEND_PORT = 7_411;
/** Tells whoever connects which node this is. */
const SERVER = `/usr/bin/perl -MIO::Socket::INET -e 'my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "0.0.0.0", LocalPort => ${BACKEND_PORT}, ReuseAddr => 1) or die "$!"; while (my $c = $l->accept) { print $c $ENV{AZ_BATCH_NODE_ID}; close $c }'`;

let it: Instance;
let client: SmallClient;
beforeAll(async () => {
  it = await startLinarite();
  const { AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY } = await it.env();
  client = smallClient(AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await it.purge();
});

function told(port: number): Promise<string> {
  return new Promise((settle) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => {}).on('close', () => settle(text));
  });
}

test('each node of a pool with an inbound NAT pool is reached at a port of its own, and says which', async () => {
  const inboundNATPools = [{ name: 'web', protocol: 'tcp', backendPort: BACKEND_PORT, frontendPortRangeStart: FIRST_PORT, frontendPortRangeEnd: FIRST_PORT + 99 }];
  await client.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 2, networkConfiguration: { endpointConfiguration: { inboundNATPools } } });
  const nodes = await until('two idle nodes', 60_000, async () => {
    const { value } = (await client.call('GET', '/pools/p/nodes')) as { readonly value: readonly Node[] };
    return value.length === 2 && value.every(({ state }) => state === 'idle') ? value : undefined;
  });
  const endpoints = nodes.map(({ endpointConfiguration }) => endpointConfiguration?.inboundEndpoints?.[0]);
  const ports = endpoints.map((endpoint) => endpoint?.frontendPort ?? 0);
  expect(new Set(ports).size).toBe(2);
  expect(endpoints).toEqual(ports.map((port) => ({ name: `web.${port - FIRST_PORT}`, protocol: 'tcp', publicIPAddress: '127.0.0.1', publicFQDN: 'localhost', frontendPort: port, backendPort: BACKEND_PORT })));

  const [first] = nodes;
  await client.call('POST', '/jobs', { id: 'j', poolInfo: { poolId: 'p' } });
  await client.call('POST', '/jobs/j/tasks', { id: 't', commandLine: SERVER, affinityInfo: { affinityId: first?.affinityId } });
  const answer = await until('an answer', 60_000, async () => (await told(ports[0] ?? 0)) || undefined);
  expect(answer).toBe(first?.id);
});
