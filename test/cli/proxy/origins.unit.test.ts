import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { renamedHeader, renamedText, renamingStream } from '../../../src/cli/proxy/origins.ts';

const RENAMING = { from: 'https://a.westeurope.batch.azure.com', to: 'http://127.0.0.1:10900' };

test('addresses of the account in an answer become those of the proxy', () => {
  expect(renamedText('{"url":"https://a.westeurope.batch.azure.com/pools/p","odata.metadata":"https://a.westeurope.batch.azure.com/$metadata#pools"}', RENAMING)).toBe('{"url":"http://127.0.0.1:10900/pools/p","odata.metadata":"http://127.0.0.1:10900/$metadata#pools"}');
  expect(renamedHeader('location', 'https://a.westeurope.batch.azure.com/pools/p', RENAMING)).toBe('http://127.0.0.1:10900/pools/p');
});

test('what is of another host, another port or another header stays', () => {
  for (const other of ['https://a.westeurope.batch.azure.com.example.org/x', 'https://a.westeurope.batch.azure.com:8443/x', 'https://b.westeurope.batch.azure.com/x']) {
    expect(renamedText(other, RENAMING)).toBe(other);
    expect(renamedHeader('location', other, RENAMING)).toBe(other);
  }
  expect(renamedHeader('etag', 'https://a.westeurope.batch.azure.com/', RENAMING)).toBe('https://a.westeurope.batch.azure.com/');
});

test('a body that comes in pieces of any size is renamed as the whole is', async () => {
  const body = `ä{"a":"https://a.westeurope.batch.azure.com/x","b":"https://a.westeurope.batch.azure.comx","c":["https://a.westeurope.batch.azure.com"]}é https://a.westeurope.batch.azure.com`;
  for (let size = 1; size < 90; size++) {
    const bytes = Buffer.from(body, 'utf8');
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_none, index) => bytes.subarray(index * size, (index + 1) * size));
    expect(await text(Readable.from(pieces).pipe(renamingStream(RENAMING))), `pieces of ${size}`).toBe(renamedText(body, RENAMING));
  }
});
