// Builds dist/: the bundles, and what they read as files, where the sources have it. Does nothing when nothing has
// changed.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { filesAt, hashOf, readIfThere } from './files.mjs';

const DIST = 'dist';
/** Says what dist/ was made of; written last. */
const STAMP = join(DIST, '.made-of');
const MADE_OF = ['package-lock.json', 'tsconfig.json', 'scripts', 'src'];
/** When `./linarite` built it. */
const OF_OTHERS = [join(DIST, '.built')];

/** The blob server is large and seldom changes. */
const BLOB_SERVER = join(DIST, 'blobs', 'embedded', 'azurite');
const BLOB_SERVER_STAMP = join(BLOB_SERVER, '.made-of');
const BLOB_SERVER_MADE_OF = ['package-lock.json', ...['blobServerBundle', 'bundle', 'files', 'licences'].map((name) => join('scripts', `${name}.mjs`))];

const ASSETS = /\.(sql|html|css|svg|mjs|sh)$/;

const madeOf = hashOf(MADE_OF);
if (readIfThere(STAMP) !== madeOf) {
  const { bundleProduct } = await import('./productBundles.mjs');
  // One that fails waits for the other, whose complaints would hide its own.
  const outcomes = await Promise.allSettled([bundleProduct(), blobServer()]);
  const made = outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  removeOthers(DIST, new Set([...made, ...copyAssets(), ...OF_OTHERS].map((path) => resolve(path))));
  writeFileSync(STAMP, madeOf);
}

/** Returns the paths of all that belongs to it, whether it was made now or before. */
async function blobServer() {
  const madeOf = hashOf(BLOB_SERVER_MADE_OF);
  if (readIfThere(BLOB_SERVER_STAMP) === madeOf) return filesAt(BLOB_SERVER);
  const { bundleBlobServer } = await import('./blobServerBundle.mjs');
  const made = await bundleBlobServer(BLOB_SERVER);
  writeFileSync(BLOB_SERVER_STAMP, madeOf);
  return [...made, BLOB_SERVER_STAMP];
}

function copyAssets() {
  return filesAt('src')
    .filter((path) => ASSETS.test(path))
    .map((source) => {
      const target = join(DIST, relative('src', source));
      mkdirSync(dirname(target), { recursive: true });
      cpSync(source, target);
      return target;
    });
}

/** What former builds left, also code caches: whoever lives with the new bundles makes new ones. */
function removeOthers(directory, kept) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = resolve(directory, entry.name);
    if (entry.isDirectory()) removeOthers(path, kept);
    else if (!kept.has(path)) rmSync(path);
  }
  if (readdirSync(directory).length === 0) rmSync(directory, { recursive: true });
}
