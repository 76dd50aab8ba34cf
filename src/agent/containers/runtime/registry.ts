import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isOnLoopback } from '../imageName.ts';

/** What an image is made of (OCI image specification, "Image Manifest"; docker's schema 2 has the same members). */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly digest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface RegistryOptions {
  /** Where it answers, without a closing slash; the first that does is used. */
  readonly bases: readonly string[];
  /** Of the image, without tag and digest. */
  readonly path: string;
  readonly credentials: Credentials | null;
  /** As images name it (`amd64`). */
  readonly architecture: string;
}

/** One repository of a registry, as much of the distribution protocol as a pull needs. Throws `RegistryError`. */
export interface Repository {
  /** `reference`: a tag or a digest. */
  manifest(reference: string): Promise<Manifest>;
  /** The content of a small blob. */
  small(blob: Descriptor): Promise<Buffer>;
  /** Into a file. What has arrived there is not to be used unless this resolves: its digest is wrong, or unknown. */
  download(blob: Descriptor, path: string): Promise<void>;
}

/** What a registry says, or what is wrong with what it gave, in a sentence for whoever named the image. */
export class RegistryError extends Error {}

const INDEXES = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'];
const MANIFESTS = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];
const MOST_MANIFEST_BYTES = 4 << 20;
const MOST_LAYERS = 256;
const ANSWER_MS = 60_000;
const TRIES = 4;
const FIRST_PAUSE_MS = 500;
const TOO_MANY = 429;

export function openRepository({ bases, path, credentials, architecture }: RegistryOptions): Repository {
  let base: string | null = null;
  let authorization: string | null = null;

  /** 401 is answered once, with what the registry asks for. */
  const ask = async (url: string, accept: string, signal: AbortSignal): Promise<Response> => {
    const send = (): Promise<Response> => fetch(url, { headers: { accept, ...(authorization === null ? {} : { authorization }) }, signal });
    const first = await send();
    if (first.status !== 401) return first;
    const challenge = first.headers.get('www-authenticate') ?? '';
    const asked = await authorizationFor(challenge, path, credentials, signal);
    if (asked === null || asked === authorization) return first;
    await first.body?.cancel();
    authorization = asked;
    return send();
  };

  const found = async (below: string, accept: string, signal: AbortSignal): Promise<Response> => {
    let problem: unknown;
    for (const one of base === null ? bases : [base]) {
      try {
        const response = await ask(`${one}/v2/${path}/${below}`, accept, signal);
        base = one;
        return response;
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  };

  /** What may go well a moment later is tried again. `read`: takes the body. */
  const get = async <T>(below: string, accept: string, read: (response: Response, alive: () => void) => Promise<T>): Promise<T> => {
    for (let pauseMs = FIRST_PAUSE_MS, tries = TRIES; ; pauseMs *= 2, tries--) {
      const idle = new AbortController();
      const timer = setTimeout(() => idle.abort(new Error(`the registry said nothing for ${ANSWER_MS / 1_000} seconds`)), ANSWER_MS);
      try {
        const response = await found(below, accept, idle.signal);
        if (response.ok) return await read(response, () => timer.refresh());
        const said = await problemOf(response);
        if (response.status < 500 && response.status !== TOO_MANY) throw new RegistryError(said);
        throw new Error(said);
      } catch (error) {
        if (error instanceof RegistryError) throw error;
        if (tries <= 1 || isHere(error)) throw new RegistryError(wordsOf(error), { cause: error });
      } finally {
        clearTimeout(timer);
      }
      await delay(pauseMs);
    }
  };

  const manifestBytes = (reference: string): Promise<{ readonly bytes: Buffer; readonly type: string }> =>
    get(`manifests/${reference}`, [...MANIFESTS, ...INDEXES].join(', '), async (response, alive) => ({ bytes: await bytesOf(response, MOST_MANIFEST_BYTES, alive), type: response.headers.get('content-type') ?? '' }));

  const manifest = async (reference: string): Promise<Manifest> => {
    const { bytes, type } = await manifestBytes(reference);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (reference.includes(':')) checkDigest(reference, digest);
    const read = parsed(bytes);
    const kind = textOf(read, 'mediaType') ?? type.split(';')[0]?.trim() ?? '';
    if (INDEXES.includes(kind) || Array.isArray(member(read, 'manifests'))) {
      const chosen = listOf(read, 'manifests').find((one) => textOf(member(one, 'platform'), 'os') === 'linux' && textOf(member(one, 'platform'), 'architecture') === architecture);
      if (chosen === undefined) throw new RegistryError(`the image is not made for linux on ${architecture}`);
      return manifest(descriptor(chosen).digest);
    }
    const layers = listOf(read, 'layers').map(descriptor);
    if (layers.length > MOST_LAYERS) throw new RegistryError(`the image has ${layers.length} layers: at most ${MOST_LAYERS} are taken`);
    return { digest, config: descriptor(member(read, 'config')), layers };
  };

  return {
    manifest,
    small: async (blob) => {
      const bytes = await get(`blobs/${blob.digest}`, '*/*', (response, alive) => bytesOf(response, MOST_MANIFEST_BYTES, alive));
      checkDigest(blob.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
      return bytes;
    },
    download: (blob, to) =>
      get(`blobs/${blob.digest}`, '*/*', async (response, alive) => {
        const hash = createHash('sha256');
        let size = 0;
        const counted = new Transform({
          transform: (chunk: Buffer, _encoding, done) => {
            alive();
            size += chunk.length;
            hash.update(chunk);
            done(size > blob.size ? new RegistryError(`${blob.digest} is larger than its ${blob.size} bytes`) : null, chunk);
          },
        });
        if (response.body === null) throw new Error('an answer without a body');
        await pipeline(Readable.fromWeb(response.body as never), counted, createWriteStream(to, { flags: 'w', mode: 0o600 }));
        checkDigest(blob.digest, `sha256:${hash.digest('hex')}`);
      }),
  };
}

/**
 * Distribution specification, "Authentication": basic at the registry, or a token from where it says. null: neither can
 * be had.
 */
async function authorizationFor(challenge: string, path: string, credentials: Credentials | null, signal: AbortSignal): Promise<string | null> {
  const basic = credentials === null ? null : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  if (!/^bearer /i.test(challenge)) return basic;
  const realm = /realm="([^"]+)"/i.exec(challenge)?.[1];
  if (realm === undefined || !URL.canParse(realm)) return null;
  const url = new URL(realm);
  if (url.protocol !== 'https:' && !isOnLoopback(url.host)) throw new RegistryError(`the registry asks for credentials at ${url.host} without TLS`);
  const service = /service="([^"]+)"/i.exec(challenge)?.[1];
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', /scope="([^"]+)"/i.exec(challenge)?.[1] ?? `repository:${path}:pull`);
  const response = await fetch(url, { headers: basic === null ? {} : { authorization: basic }, signal });
  if (!response.ok) throw new RegistryError(await problemOf(response));
  const said = parsed(await bytesOf(response, MOST_MANIFEST_BYTES, () => {}));
  const token = textOf(said, 'token') ?? textOf(said, 'access_token');
  return token === undefined ? null : `Bearer ${token}`;
}

async function bytesOf(response: Response, mostBytes: number, alive: () => void): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    alive();
    size += chunk.length;
    if (size > mostBytes) throw new RegistryError(`the registry's answer has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Distribution specification, "Error Codes". */
async function problemOf(response: Response): Promise<string> {
  const read: unknown = await response.json().catch(() => null);
  const [first] = Array.isArray(member(read, 'errors')) ? listOf(read, 'errors') : [];
  const said = textOf(first, 'message') ?? textOf(read, 'details');
  if (said !== undefined && said !== '') return said;
  switch (response.status) {
    case 401:
    case 403:
      return 'unauthorized: these credentials are not accepted';
    case 404:
      return 'manifest unknown: there is no such image';
    default:
      return `the registry answered ${response.status}`;
  }
}

/** What is wrong on this machine does not go well a moment later. */
function isHere(error: unknown): boolean {
  return error instanceof Error && ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'].includes(String(Reflect.get(error, 'code')));
}

/** fetch hides why it failed in its cause. */
function wordsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function checkDigest(expected: string, found: string): void {
  if (!/^sha256:[0-9a-f]{64}$/.test(expected)) throw new RegistryError(`${expected} is no digest that is known here: sha256 is`);
  if (expected !== found) throw new RegistryError(`the content of ${expected} has another digest, ${found}`);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RegistryError('the registry answered with something that is no JSON');
  }
}

function descriptor(value: unknown): Descriptor {
  const digest = textOf(value, 'digest');
  const size = member(value, 'size');
  if (digest === undefined || typeof size !== 'number') throw new RegistryError('the manifest of the image names something without digest and size');
  return { mediaType: textOf(value, 'mediaType') ?? '', digest, size };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const found = member(value, name);
  return typeof found === 'string' ? found : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  if (!Array.isArray(found)) throw new RegistryError(`the image has no list of ${name}`);
  return found as readonly unknown[];
}
