import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRepository, RegistryError, type Repository } from '../../src/agent/containers/runtime/registry.ts';

const BASIC = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
const LAYER = Buffer.from('what a layer has');
const CONFIG = Buffer.from('{"os":"linux"}');
const MANIFEST = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: described(CONFIG), layers: [described(LAYER)] }));
const INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...described(Buffer.from('other')), platform: { os: 'linux', architecture: 's390x' } }, { ...described(MANIFEST), platform: { os: 'linux', architecture: 'amd64' } }] }));

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
function described(bytes: Buffer) {
  return { digest: digestOf(bytes), size: bytes.length };
}

describe('a registry that gives tokens', () => {
  let server: Server;
  let base: string;
  let directory: string;
  const asked: string[] = [];
  /** What it answers with 503 first. */
  let unsteady = 0;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-registry-'));
    const content = new Map([
      ['/v2/team/tool/manifests/1', INDEX],
      [`/v2/team/tool/manifests/${digestOf(MANIFEST)}`, MANIFEST],
      [`/v2/team/tool/blobs/${digestOf(CONFIG)}`, CONFIG],
      [`/v2/team/tool/blobs/${digestOf(LAYER)}`, LAYER],
      [`/v2/team/tool/manifests/${digestOf(LAYER)}`, MANIFEST],
      [`/v2/team/tool/blobs/${digestOf(Buffer.from('forged'))}`, LAYER],
    ]);
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '', base);
      asked.push(url.pathname + url.search);
      if (url.pathname === '/token') return void (request.headers.authorization === BASIC ? response.end('{"token":"t0ken"}') : response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized: not you"}]}'));
      if (request.headers.authorization !== 'Bearer t0ken') return void response.writeHead(401, { 'www-authenticate': `Bearer realm="${base}/token",service="here",scope="repository:team/tool:pull"` }).end();
      if (unsteady-- > 0) return void response.writeHead(503).end();
      const found = content.get(url.pathname);
      response.writeHead(found === undefined ? 404 : 200, { 'content-type': found === INDEX ? 'application/vnd.oci.image.index.v1+json' : '' }).end(found ?? '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  });
  const opened = (password = 'secret', architecture = 'amd64'): Repository => openRepository({ bases: [base], path: 'team/tool', credentials: { username: 'alice', password }, architecture });

  test('is asked for one with the credentials, and gives what is made for this processor, by tag and by digest', async () => {
    const repository = opened();
    const manifest = await repository.manifest('1');
    expect(manifest).toMatchObject({ digest: digestOf(MANIFEST), config: described(CONFIG), layers: [described(LAYER)] });
    expect(asked).toContain('/token?service=here&scope=repository%3Ateam%2Ftool%3Apull');
    expect(asked.filter((path) => path.startsWith('/token'))).toHaveLength(1);
    expect(await repository.manifest(digestOf(MANIFEST))).toEqual(manifest);
    expect(await repository.small(manifest.config)).toEqual(CONFIG);
    await expect(opened('secret', 'arm').manifest('1')).rejects.toThrow('not made for linux on arm');
    await expect(opened('wrong').manifest('1')).rejects.toThrow('unauthorized: not you');
    await expect(repository.manifest('2')).rejects.toThrow('manifest unknown');
  });

  test('is asked again where it is unsteady, and is not believed: each digest and size is looked at', async () => {
    const repository = opened();
    const path = join(directory, 'layer');
    await repository.manifest('1');
    unsteady = 1;
    await repository.download({ mediaType: '', ...described(LAYER) }, path);
    expect(readFileSync(path)).toEqual(LAYER);
    await expect(repository.download({ mediaType: '', digest: digestOf(Buffer.from('forged')), size: LAYER.length }, path)).rejects.toThrow(RegistryError);
    await expect(repository.download({ mediaType: '', digest: digestOf(LAYER), size: 3 }, path)).rejects.toThrow('larger than its 3 bytes');
    await expect(repository.manifest(digestOf(LAYER))).rejects.toThrow('another digest');
    await expect(repository.download({ mediaType: '', digest: 'md5:0123', size: 3 }, path)).rejects.toThrow(RegistryError);
  });
});
