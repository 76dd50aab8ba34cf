// The page as files that a service hands out (src/api/page): a shell, and assets whose names tell their contents, each
// beside itself compressed.
import { join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
import { build } from 'vite';
import { filesAt, replaceFile } from './files.mjs';
import { licenceTexts } from './licences.mjs';

const SOURCES = resolve('src', 'dashboard');
/** Views of many objects. */
const LISTS = /^.views.(overview|jobs|pools|schedules|cost|events)./;

/** Makes the page in `outDir`. Returns the paths of what it made. */
export async function bundleDashboard(outDir) {
  const packages = new Set();
  await build({
    configFile: false,
    root: SOURCES,
    // The paths of the service are those of the data plane: the page lies at its root.
    base: '/',
    logLevel: 'warn',
    plugins: [noteOfPackages(packages)],
    build: {
      outDir: resolve(outDir),
      emptyOutDir: true,
      target: ['chrome120', 'firefox120', 'safari17'],
      assetsDir: 'assets',
      // Nothing inline: the page's policy allows the service's own files alone.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // What several views need is one file, and so are the lists: small ones compress worse, by kilobytes.
      rolldownOptions: { checks: { pluginTimings: false }, output: { codeSplitting: { groups: [{ name: 'shared', test: (id) => id.startsWith(SOURCES), minShareCount: 2 }, { name: 'lists', test: (id) => LISTS.test(id.slice(SOURCES.length)) }] } } },
    },
  });
  const made = filesAt(outDir);
  for (const path of made) compress(path);
  replaceFile(join(outDir, 'LICENSES.txt'), licenceTexts([...packages]));
  return filesAt(outDir);
}

function compress(path) {
  const bytes = readFileSync(path);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

/** Notes the files of packages that went into the page. */
function noteOfPackages(packages) {
  return {
    name: 'note-of-packages',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of Object.keys(chunk.modules)) if (id.includes('/node_modules/')) packages.add(relative('.', id.replace(/^\0|\?.*$/g, '')));
      }
    },
  };
}
