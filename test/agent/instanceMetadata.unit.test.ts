import { describe, expect, test } from 'vitest';
import { answerMetadata, type MetadataAnswer } from '../../src/agent/metadata/handler.ts';
import { createScheduledEvents } from '../../src/agent/metadata/scheduledEvents.ts';

const NEWEST = '2023-07-01';
const image = { publisher: 'canonical', offer: 'ubuntu', sku: '22_04-lts', version: 'latest' };
const node = {
  events: createScheduledEvents({ nodeId: 'tvmps_1_d', now: () => 0, onApproved: () => undefined }),
  instance: { nodeId: 'tvmps_1_d', vmSize: 'Standard_D2s_v3', image, isLowPriority: false, address: '10.213.1.5', bits: 16 },
};

function ask(url: string, method = 'GET', headers: Record<string, string> = { metadata: 'true' }): MetadataAnswer {
  return answerMetadata(node, { method, url, headers, body: '' });
}

describe('the metadata of a node', () => {
  test('tell what is known of its machine', () => {
    const { status, body } = ask(`/metadata/instance?api-version=${NEWEST}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      compute: { name: 'tvmps_1_d', vmSize: 'Standard_D2s_v3', ...image, osType: 'Linux', priority: 'Regular', vmId: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/) },
      network: { interface: [{ ipv4: { ipAddress: [{ privateIpAddress: '10.213.1.5' }], subnet: [{ address: '10.213.0.0', prefix: '16' }] } }] },
    });
  });

  test.each<[string, unknown]>([
    ['/metadata/instance/compute/vmSize?api-version=2021-02-01&format=text', 'Standard_D2s_v3'],
    ['/metadata/instance/Compute/VMSIZE/?api-version=2021-02-01&format=text', 'Standard_D2s_v3'],
    ['/metadata/instance/network/interface/0/ipv4/ipAddress/0/privateIpAddress?api-version=2017-04-02&format=text', '10.213.1.5'],
    ['/metadata/instance/network/interface/0/ipv4/subnet/0?api-version=2021-02-01', { address: '10.213.0.0', prefix: '16' }],
    ['/metadata/instance?api-version=2021-02-01&format=text', 'compute/\nnetwork/'],
  ])('tell a part of it by its path: %s', (url, body) => {
    expect(ask(url)).toEqual({ status: 200, body });
  });

  test.each<[string, string, number, object]>([
    ['GET', '/metadata/instance', 400, { error: 'Bad request. api-version was not specified in the request', 'newest-versions': [NEWEST, '2021-12-13', '2021-11-15'] }],
    ['GET', '/metadata/instance?api-version=2016-01-01', 400, { error: 'Bad request. api-version is invalid' }],
    ['GET', '/metadata/instance/compute/nothing?api-version=2021-02-01', 404, { error: 'Not found' }],
    ['GET', '/metadata/instance/compute/vmSize/length?api-version=2021-02-01', 404, { error: 'Not found' }],
    ['GET', '/metadata/instance/compute/vmSize?api-version=2021-02-01', 400, { error: expect.stringContaining('format=text') }],
    ['GET', '/metadata/instance?api-version=2021-02-01&format=xml', 400, { error: expect.stringContaining('json or text') }],
    ['POST', '/metadata/instance?api-version=2021-02-01', 405, { error: 'Method not allowed' }],
    ['GET', '/metadata/instances?api-version=2021-02-01', 404, { error: 'Not found' }],
    ['GET', '/', 404, { error: 'Not found' }],
    ['GET', '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/', 400, { error: 'invalid_request', error_description: 'Identity not found' }],
    ['GET', '/metadata/identity/oauth2/token?api-version=2018-02-01', 400, { error: 'invalid_request', error_description: "Required query variable 'resource' is missing" }],
  ])('refuse %s %s with %i', (method, url, status, body) => {
    expect(ask(url, method)).toMatchObject({ status, body });
  });

  test('refuse a request that could come from elsewhere', () => {
    const url = `/metadata/instance?api-version=${NEWEST}`;
    expect(ask(url, 'GET', {}).status).toBe(400);
    expect(ask(url, 'GET', { metadata: 'true', 'x-forwarded-for': '1.2.3.4' }).status).toBe(400);
  });
});
