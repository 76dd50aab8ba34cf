import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import type { Engine } from '../../src/agent/containers/engine.ts';
import { ENGINE_PATH, type Trial, tryEngines } from '../../src/agent/containers/trial.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import { engineProgram } from './engineProgram.ts';

/** Debian's busybox-static: one program without libraries, so that an image can be made without a network. */
const BUSYBOX = '/usr/bin/busybox';

interface RealEngine {
  readonly name: string;
  /** undefined: tests with it are skipped. */
  readonly engine: NonNullable<Trial['engine']> | undefined;
}

/** What is tried, by its name in tests: of each kind one, but that both OCI runtimes are tried alone. */
const ENGINES: readonly { readonly name: string; readonly kind: Engine['kind']; readonly runtime?: 'runc' | 'crun' }[] = [
  { name: 'podman', kind: 'podman' },
  { name: 'docker', kind: 'docker' },
  { name: 'runc alone', kind: 'runtime', runtime: 'runc' },
  { name: 'crun alone', kind: 'runtime', runtime: 'crun' },
];

/** Each engine for containers, tried on this machine. Says why tests with one are skipped. */
export async function realEngines(): Promise<readonly RealEngine[]> {
  const found: RealEngine[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'linarite-engines-'));
  for (const { name, kind, runtime } of ENGINES) {
    const { engine, limits } = existsSync(BUSYBOX)
      ? await tryEngines({ directory, environment: process.env, kinds: [kind], agentCommand: await engineProgram(), ...(runtime === undefined ? {} : { path: [placeOf(runtime)] }) })
      : { engine: null, limits: ['busybox-static is not installed'] };
    if (engine === null) console.warn(`skipped: containers with ${name}: ${limits.join(' ')}`);
    // What hides the tree of version 2 from it hides the node's group in that, too.
    const isHidden = engine?.kind === 'runtime' && runtime === 'crun' && existsSync(MIXED_TREE);
    found.push({ name, engine: isHidden ? { ...engine, hasGroups: false } : (engine ?? undefined) });
  }
  removeBusyTree(directory);
  return found;
}

/** Where control groups are mixed crun refuses to run if the tree of version 2 has any controller. */
const MIXED_TREE = '/sys/fs/cgroup/unified';

/**
 * A directory that has this runtime and no other, until the tests of the file are over; without it where it is not
 * installed. On a machine of mixed control groups crun gets to see those of version 1 alone.
 */
function placeOf(runtime: 'runc' | 'crun'): string {
  const place = mkdtempSync(join(tmpdir(), 'linarite-runtime-'));
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  const installed = ENGINE_PATH.map((directory) => join(directory, runtime)).find((path) => existsSync(path));
  if (installed === undefined) return place;
  if (runtime === 'crun' && existsSync(MIXED_TREE)) {
    const words = `umount -l ${MIXED_TREE} && exec ${installed} "$@"`;
    writeFileSync(join(place, runtime), `#!/bin/sh\nexec unshare --mount --propagation slave sh -c '${words}' crun "$@"\n`, { mode: 0o755 });
  } else symlinkSync(installed, join(place, runtime));
  return place;
}

export interface ImageOptions {
  /** Besides busybox: path and text, each executable. */
  readonly files?: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly workingDirectory?: string;
  readonly environment?: readonly string[];
}

/** A registry of images on loopback, which speaks as much of the distribution protocol as a pull needs. */
export interface Registry {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Makes an image and gives it this name. Returns its digest. */
  add(name: string, tag: string, options?: ImageOptions): string;
  /** Paths that were asked for with credentials that are good. */
  readonly pulled: readonly string[];
  close(): Promise<void>;
}

interface Stored {
  readonly type: string;
  readonly content: Buffer;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** `account`: whoever pulls has to show it. */
export async function startRegistry(account: { readonly username: string; readonly password: string } | null = null): Promise<Registry> {
  const stored = new Map<string, Stored>();
  const pulled: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    const expected = account === null ? undefined : `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
    if (expected !== undefined && request.headers.authorization !== expected) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end(errorBody('UNAUTHORIZED', 'authentication required'));
    }
    if (path === '/v2/') return void response.writeHead(200).end('{}');
    const found = stored.get(path);
    if (found === undefined) return void response.writeHead(404, { 'content-type': 'application/json' }).end(errorBody('MANIFEST_UNKNOWN', 'manifest unknown'));
    pulled.push(path);
    response.writeHead(200, { 'content-type': found.type, 'content-length': found.content.length, 'docker-content-digest': digestOf(found.content) });
    response.end(request.method === 'HEAD' ? undefined : found.content);
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const blob = (name: string, content: Buffer): { readonly digest: string; readonly size: number } => {
    const digest = digestOf(content);
    stored.set(`/v2/${name}/blobs/${digest}`, { type: 'application/octet-stream', content });
    return { digest, size: content.length };
  };
  return {
    host,
    pulled,
    add: (name, tag, options = {}) => {
      const layer = layerOf(options.files ?? {});
      const config = Buffer.from(
        JSON.stringify({
          architecture: arch() === 'x64' ? 'amd64' : arch(),
          os: 'linux',
          config: { Entrypoint: options.entrypoint ?? null, Cmd: options.command ?? null, WorkingDir: options.workingDirectory ?? '', Env: options.environment ?? [] },
          rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
          history: [{ created_by: name }],
        }),
      );
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MANIFEST,
          config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...blob(name, config) },
          layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...blob(name, gzipSync(layer)) }],
        }),
      );
      const digest = digestOf(manifest);
      for (const reference of [tag, digest]) stored.set(`/v2/${name}/manifests/${reference}`, { type: MANIFEST, content: manifest });
      return digest;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** busybox under all its names. */
function layerOf(files: Readonly<Record<string, string>>): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'linarite-image-'));
  try {
    for (const name of ['bin', 'etc', 'tmp', 'root']) mkdirSync(join(root, name));
    chmodSync(join(root, 'tmp'), 0o1777);
    copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
    chmodSync(join(root, 'bin/busybox'), 0o755);
    const names = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n').filter((name) => name !== '' && name !== 'busybox');
    for (const name of names) symlinkSync('busybox', join(root, 'bin', name));
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o755 });
    }
    chmodSync(root, 0o755);
    const tar = join(root, '..', `${root.split('/').at(-1)}.tar`);
    execFileSync('tar', ['--owner=0', '--group=0', '--numeric-owner', '-C', root, '-cf', tar, '.']);
    const layer = readFileSync(tar);
    rmSync(tar);
    return layer;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
