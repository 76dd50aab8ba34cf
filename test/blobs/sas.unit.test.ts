import { ContainerSASPermissions, SASProtocol, StorageSharedKeyCredential, generateBlobSASQueryParameters } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { type ContainerRight, containerSasUrl } from '../../src/blobs/sas.ts';

const accountKey = Buffer.from('a key that only tests use').toString('base64');
const expiresAt = Date.UTC(2026, 10, 28, 12, 30, 15, 250);

describe('a signed container URL', () => {
  test.each<[string, ContainerRight[]]>([
    ['http://127.0.0.1:20000/devstoreaccount1', ['read', 'list']],
    ['https://devstoreaccount1.blob.core.windows.net', ['list', 'write', 'read']],
    ['https://devstoreaccount1.blob.core.windows.net', ['delete', 'create', 'add']],
  ])('at %s with %j is what the official SDK makes', (endpoint, rights) => {
    const url = new URL(containerSasUrl({ accountName: 'devstoreaccount1', accountKey, endpoint }, 'my-container', rights, expiresAt));
    const official = generateBlobSASQueryParameters(
      {
        containerName: 'my-container',
        permissions: ContainerSASPermissions.from(Object.fromEntries(rights.map((right) => [right, true]))),
        expiresOn: new Date(expiresAt),
        protocol: endpoint.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
        version: url.searchParams.get('sv') ?? '',
      },
      new StorageSharedKeyCredential('devstoreaccount1', accountKey),
    );
    expect(`${url.origin}${url.pathname}`).toBe(`${endpoint}/my-container`);
    expect(Object.fromEntries(url.searchParams)).toEqual(Object.fromEntries(new URLSearchParams(official.toString())));
  });
});
