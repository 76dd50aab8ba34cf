// The product as a few files. Each process loads one of them, and others only where it needs them; the packages in them
// need not be installed.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, relative, resolve } from 'node:path';
import { PG_LINES, changeLines, leaveOut, makeBundle } from './bundle.mjs';
import { replaceFile } from './files.mjs';
import { licenceTexts } from './licences.mjs';

const DIST = 'dist';
const BUNDLES = join(DIST, 'bundles');

/**
 * Programs that Node.js runs itself: they stand where the sources name them. The first is read by old releases too, as
 * far as its word on their age.
 */
const PROGRAMS = [
  { entry: 'cli/main', target: 'node10' },
  { entry: 'blobs/embedded/child', target: 'node20' },
  { entry: 'nodes/local/sweeper', target: 'node20' },
  { entry: 'cli/service/simulations/thread', target: 'node20' },
  { entry: 'testing/linarite', target: 'node20' },
  { entry: 'nodes/ssh/host/main', target: 'node20' },
];

/** What node-pg-migrate asks for and we never use. */
const LEFT_OUT = [
  { from: 'node-pg-migrate/dist/bundle/index.js', modules: ['jiti'], because: 'our migrations are SQL, not programs', instead: 'export const createJiti = () => undefined;' },
  { from: 'node-pg-migrate/dist/bundle/index.js', modules: ['glob'], because: 'our migrations lie in one directory', instead: 'export const glob = undefined;' },
];

/**
 * Loaded with V8's code cache (src/processes/bundle.ts): a module of ours that others only import(), or whole packages
 * that few commands need. Nothing that has a state, or a class that is asked for by `instanceof`, may be on both sides.
 */
const LOADED = [
  { name: 'program', entry: 'cli/program', plugins: () => [changeLines(PG_LINES)] },
  { name: 'service', entry: 'cli/service/process/serve', plugins: () => [leaveOut(LEFT_OUT), changeLines(PG_LINES)] },
  { name: 'agent', entry: 'agent/main' },
  { name: 'tracing', entry: 'api/tracing/tracing' },
  { name: 'azure', packages: ['@azure/batch', '@azure/storage-blob'] },
  { name: 'yaml', packages: ['yaml'] },
  { name: 'jose', packages: ['jose'] },
  { name: 'x509', packages: ['reflect-metadata', '@peculiar/x509'] },
];

/** Addons that packages use where they are installed. */
const ADDONS = ['pg-native', 'bufferutil', 'utf-8-validate'];

/** Makes all bundles and one text with the licences of what is in them. Returns the paths of what it made. */
export async function bundleProduct() {
  const made = await Promise.all([
    ...PROGRAMS.map(({ entry, target }) => makeProduct({ entryPoints: [sourceOf(entry)], outfile: join(DIST, `${entry}.js`), target })),
    ...LOADED.map((row) => makeProduct({ ...codeOf(row), outfile: bundleOf(row) }, row)),
  ]);
  const licences = join(BUNDLES, 'LICENSES.txt');
  replaceFile(licences, licenceTexts(made.flatMap(({ inputs }) => inputs)));
  // A start costs less without Node's loader of ES modules.
  const types = join(DIST, 'package.json');
  replaceFile(types, `${JSON.stringify({ type: 'commonjs' })}\n`);
  return [...made.flatMap(({ outputs }) => outputs), licences, types, declareTesting()];
}

/** What users of `linarite/testing` see of its types. */
function declareTesting() {
  execFileSync(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', join('src', 'testing')], { stdio: 'inherit' });
  return join(DIST, 'testing', 'linarite.d.ts');
}

function sourceOf(entry) {
  return join('src', `${entry}.ts`);
}
function bundleOf({ name }) {
  return join(BUNDLES, `${name}.cjs`);
}

/** A package is run when it is first asked for. */
function codeOf({ entry, packages }) {
  if (entry !== undefined) return { entryPoints: [sourceOf(entry)] };
  const lines = packages.map((name) => `Object.defineProperty(exports, '${name}', { get: () => require('${name}') });`);
  // Our own code is left as it is read in stacks. Some packages tell classes by their names, two of which may be the
  // same.
  return { stdin: { contents: lines.join('\n'), resolveDir: '.' }, minifyWhitespace: true, lineLimit: 180, keepNames: true };
}

function makeProduct(options, { plugins = () => [] } = {}) {
  const { outfile } = options;
  return makeBundle({ external: ADDONS, plugins: [otherBundles(outfile), ownPlaces(outfile), ...plugins()], ...options });
}

/** What is in another bundle is loaded from there. */
function otherBundles(outfile) {
  const others = LOADED.filter((row) => bundleOf(row) !== outfile);
  const found = (row, member) => ({ path: [row.name, ...member].join(' '), namespace: 'other-bundle', pluginData: { row, member } });
  return {
    name: 'other-bundles',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, resolveDir }) => {
        const row = others.find(({ entry, packages }) => packages?.includes(path) || (entry !== undefined && resolve(resolveDir, path) === resolve(sourceOf(entry))));
        if (row === undefined) return undefined;
        if (row.entry === undefined) return found(row, [path]);
        return kind === 'dynamic-import' ? found(row, []) : { errors: [{ text: `${path} is a bundle of its own: it can only be import()ed` }] };
      });
      onLoad({ filter: /./, namespace: 'other-bundle' }, ({ pluginData: { row, member } }) => ({
        contents: `
          const { join } = require('node:path');
          const { loadBundle } = require('./src/processes/bundle.ts');
          module.exports = loadBundle(join(__dirname, '${relative(dirname(outfile), bundleOf(row))}'))${member.map((name) => `['${name}']`).join('')};
        `,
        resolveDir: '.',
      }));
    },
  };
}

/**
 * `import.meta.url` is where the module would be if it were a file of its own: what lies beside it in the sources lies
 * there in a build.
 */
function ownPlaces(outfile) {
  return {
    name: 'own-places',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta')) return undefined;
        const place = relative(resolve('src'), path).replace(/\.ts$/, '.js');
        // Of another kind is only what sources alone do.
        const errors = [...text.matchAll(/import\.meta\.(?!url\b|resolve\b)\w+/g)].map(([found]) => ({ text: `${path}: a build has no ${found}` }));
        const url = `require('node:url').pathToFileURL(require('node:path').join(__dirname, '${relative(dirname(outfile), DIST)}', '${place}')).href`;
        return { contents: text.replaceAll('import.meta.url', url), loader: 'ts', errors };
      });
    },
  };
}
