import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the page, in each of the forms that a browser may take. */
export interface Asset {
  readonly type: string;
  readonly etag: string;
  /** Whether its name tells its contents: it never changes. */
  readonly immutable: boolean;
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

/** By path, `/` being the shell. */
export type Assets = ReadonlyMap<string, Asset>;

/** Where a build has the page, and where a service that runs from its sources finds that of the last build. */
const PLACES = ['../../dashboard/', '../../../dist/dashboard/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

let read: Assets | undefined;

/**
 * All files of the page, read when first asked for: a later build leaves a service with the page that it knows. Empty
 * where no page was built.
 */
export function pageAssets(): Assets {
  if (read === undefined) {
    const place = PLACES.find((one) => existsSync(`${one}index.html.br`));
    read = place === undefined ? new Map() : readAssets(place);
  }
  return read;
}

function readAssets(place: string): Assets {
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const files = names.filter((name) => names.includes(`${name}.br`));
  return new Map(files.map((name) => [name === 'index.html' ? '/' : `/${name}`, readAsset(place, name)]));
}

function readAsset(place: string, name: string): Asset {
  const type = TYPES[extname(name)];
  if (type === undefined) throw new Error(`the page has a file of an unknown kind, ${name}`);
  const plain = readFileSync(`${place}${name}`);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, etag, immutable: name.startsWith('assets/'), plain, br: readFileSync(`${place}${name}.br`), gzip: readFileSync(`${place}${name}.gz`) };
}
