import { expect, test } from 'vitest';
import { blobUrl, storageUrl } from '../../src/blobs/storageUrls.ts';

test.each([
  ['https://acct.dfs.core.windows.net/fs/a/b?sv=1', 'https://acct.blob.core.windows.net/fs/a/b?sv=1'],
  ['https://acct.z12.dfs.storage.azure.net/fs', 'https://acct.z12.blob.storage.azure.net/fs'],
  ['https://acct.privatelink.dfs.core.windows.net/fs', 'https://acct.privatelink.blob.core.windows.net/fs'],
  ['https://acct.dfs.core.usgovcloudapi.net/fs', 'https://acct.blob.core.usgovcloudapi.net/fs'],
  ['https://acct.dfs.core.chinacloudapi.cn/fs', 'https://acct.blob.core.chinacloudapi.cn/fs'],
  ['https://acct.blob.core.windows.net/c', 'https://acct.blob.core.windows.net/c'],
  ['https://dfs.core.windows.net/x', 'https://dfs.core.windows.net/x'],
  ['https://acct.dfs.example.com/x', 'https://acct.dfs.example.com/x'],
  ['http://127.0.0.1:10801/acct/c', 'http://127.0.0.1:10801/acct/c'],
])('%s is asked at %s', (asked, where) => {
  expect(storageUrl(asked).href).toBe(where);
});

test("a blob's URL is that of its container with its name in it", () => {
  expect(blobUrl('https://acct.dfs.core.windows.net/fs/?sig=s', 'a b/c#d')).toBe('https://acct.blob.core.windows.net/fs/a%20b/c%23d?sig=s');
});
