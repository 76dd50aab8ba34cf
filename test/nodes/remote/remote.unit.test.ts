import { expect, test } from 'vitest';
import { ownAddress } from '../../../src/agent/ownAddress.ts';
import { remoteAgentOptions } from '../../../src/nodes/remote/agentOptions.ts';
import { agentUrlAt } from '../../../src/nodes/remote/service.ts';
import { becomeAgent } from '../../../src/nodes/remote/startScript.ts';
import { nodeRequest } from '../../support/providers.ts';

test('agents of other machines dial by TLS alone', () => {
  expect(agentUrlAt('https://batch.lab.example:10800')).toBe('wss://batch.lab.example:10800/linarite/agent');
  expect(agentUrlAt('http://127.0.0.1:10800')).toBe('ws://127.0.0.1:10800/linarite/agent');
  expect(() => agentUrlAt('http://batch.lab.example:10800')).toThrow('http://batch.lab.example:10800 is in the clear: agents on other machines dial https:');
  for (const address of ['batch.lab.example', 'ftp://a', 'https://a/b', 'https://a?b=c', '']) expect(() => agentUrlAt(address), address).toThrow(`${address} is no address as https://HOST:PORT`);
});

test('their configuration names one authority, and leaves the address to be found there', () => {
  const service = { agentUrl: 'wss://batch.lab.example/linarite/agent', authority: 'PEM', cluster: '0123456789ab', leaseMs: 300_000 };
  const options = remoteAgentOptions(nodeRequest({ node: 7, nodeId: 'n7', priority: 'low', credential: 'secret' }), service, '/scratch/n7', false);
  expect(options).toMatchObject({ nodeId: 'n7', agentUrl: service.agentUrl, authority: 'PEM', credential: 'secret', rootDirectory: '/scratch/n7/root', stateDirectory: '/scratch/n7/state', ipAddress: 'found', lowPriority: true });
});

test('a node has the first address that other machines reach, where the service is not of this machine alone', () => {
  const at = (address: string, internal: boolean, family: 'IPv4' | 'IPv6' = 'IPv4') => ({ address, internal, family, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never;
  const interfaces = { lo: [at('127.0.0.1', true)], e0: [at('fe80::1', false, 'IPv6'), at('10.1.2.3', false)] };
  expect(ownAddress('wss://batch.lab.example/linarite/agent', interfaces)).toBe('10.1.2.3');
  expect(ownAddress('wss://127.0.0.1:10800/linarite/agent', interfaces)).toBe('127.0.0.1');
  expect(ownAddress('wss://batch.lab.example/linarite/agent', { lo: [at('127.0.0.1', true)] })).toBe('127.0.0.1');
});

test('a script becomes the agent, and nothing secret stands in it', () => {
  expect(becomeAgent({ program: ['node', '/opt/a b/main.js', 'agent'], configFile: "/shared/it's" })).toBe(`LINARITE_AGENT_CONFIG='/shared/it'"'"'s' exec node '/opt/a b/main.js' agent`);
});
