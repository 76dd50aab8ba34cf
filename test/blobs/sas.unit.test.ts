import {
  AccountSASPermissions,
  BlobSASPermissions,
  ContainerSASPermissions,
  SASProtocol,
  StorageSharedKeyCredential,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { accountSas, blobSasUrl, containerSasUrl, type SasRight } from '../../src/blobs/sas.ts';

const accountKey = Buffer.from('a key that only tests use').toString('base64');
const expiresAt = Date.UTC(2026, 10, 28, 12, 30, 15, 250);

describe('a signed container URL', () => {
  test.each<[string, SasRight[]]>([
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

test('a signed blob URL is what the official SDK makes, its beginning included', () => {
  const endpoint = 'https://devstoreaccount1.blob.core.windows.net';
  const startsAt = expiresAt - 3_600_000;
  const url = new URL(blobSasUrl({ accountName: 'devstoreaccount1', accountKey, endpoint }, { container: 'c', blob: 'v1.0 ü', rights: ['read', 'write'], startsAt, expiresAt }));
  const official = generateBlobSASQueryParameters(
    {
      containerName: 'c',
      blobName: 'v1.0 ü',
      permissions: BlobSASPermissions.from({ read: true, write: true }),
      startsOn: new Date(startsAt),
      expiresOn: new Date(expiresAt),
      protocol: SASProtocol.Https,
      version: url.searchParams.get('sv') ?? '',
    },
    new StorageSharedKeyCredential('devstoreaccount1', accountKey),
  );
  expect(`${url.origin}${url.pathname}`).toBe(`${endpoint}/c/v1.0%20%C3%BC`);
  expect(Object.fromEntries(url.searchParams)).toEqual(Object.fromEntries(new URLSearchParams(official.toString())));
});

test('a signature for the account is what the official SDK makes', () => {
  const query = accountSas({ accountName: 'devstoreaccount1', accountKey, endpoint: 'http://127.0.0.1:1/devstoreaccount1' }, ['create'], expiresAt);
  const official = generateAccountSASQueryParameters(
    {
      permissions: AccountSASPermissions.from({ create: true }),
      services: 'b',
      resourceTypes: 'sco',
      expiresOn: new Date(expiresAt),
      protocol: SASProtocol.HttpsAndHttp,
      version: query.get('sv') ?? '',
    },
    new StorageSharedKeyCredential('devstoreaccount1', accountKey),
  );
  expect(Object.fromEntries(query)).toEqual(Object.fromEntries(new URLSearchParams(official.toString())));
});
