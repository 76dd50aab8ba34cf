// Builds dist/: the bundles, and what they read as files, where the sources have it. Does nothing when nothing has
// changed.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { buildInfo } from './buildInfo.mjs';
import { filesAt, hashOf, readIfThere, replaceFile } from './files.mjs';

const DIST = 'dist';
/** Says what dist/ was made of; written last. */
const STAMP = join(DIST, '.made-of');
const MADE_OF = ['package-lock.json', 'tsconfig.json', 'scripts', 'src'];
/** Which sources, and when. */
const BUILD_INFO = join(DIST, 'build.json');
/** When `./linarite` built it. */
const OF_OTHERS = [join(DIST, '.built')];

/** The blob server is large and seldom changes. */
const BLOB_SERVER = join(DIST, 'blobs', 'embedded', 'azurite');
const BLOB_SERVER_STAMP = join(BLOB_SERVER, '.made-of');
const BLOB_SERVER_MADE_OF = ['package-lock.json', ...['blobServerBundle', 'bundle', 'files', 'licences'].map((name) => join('scripts', `${name}.mjs`))];

/** So is the page. */
const DASHBOARD = join(DIST, 'dashboard');
const DASHBOARD_STAMP = join(DASHBOARD, '.made-of');
const DASHBOARD_SOURCES = join('src', 'dashboard');
/** What it takes of ours is pure. */
const DASHBOARD_MADE_OF = ['package-lock.json', DASHBOARD_SOURCES, ...['base', 'wire', 'autoscale'].map((name) => join('src', name)), ...['dashboardBundle', 'files', 'licences'].map((name) => join('scripts', `${name}.mjs`))];

const ASSETS = /\.(sql|html|css|svg|mjs|sh)$/;

const madeOf = hashOf(MADE_OF);
if (readIfThere(STAMP) !== madeOf) {
  const { bundleProduct } = await import('./productBundles.mjs');
  // One that fails waits for the others, whose complaints would hide its own.
  const outcomes = await Promise.allSettled([bundleProduct(), blobServer(), dashboard()]);
  const made = outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  replaceFile(BUILD_INFO, `${JSON.stringify(buildInfo())}\n`);
  removeOthers(DIST, new Set([...made, BUILD_INFO, ...copyAssets(), ...OF_OTHERS].map((path) => resolve(path))));
  writeFileSync(STAMP, madeOf);
}

function blobServer() {
  return unlessMade(BLOB_SERVER, BLOB_SERVER_STAMP, BLOB_SERVER_MADE_OF, async () => (await import('./blobServerBundle.mjs')).bundleBlobServer(BLOB_SERVER));
}

function dashboard() {
  return unlessMade(DASHBOARD, DASHBOARD_STAMP, DASHBOARD_MADE_OF, async () => (await import('./dashboardBundle.mjs')).bundleDashboard(DASHBOARD));
}

/** Returns the paths of all that belongs to the directory, whether it was made now or before. */
async function unlessMade(directory, stamp, sources, make) {
  const madeOf = hashOf(sources);
  if (readIfThere(stamp) === madeOf) return filesAt(directory);
  const made = await make();
  writeFileSync(stamp, madeOf);
  return [...made, stamp];
}

function copyAssets() {
  return filesAt('src')
    .filter((path) => ASSETS.test(path) && !path.startsWith(DASHBOARD_SOURCES))
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
