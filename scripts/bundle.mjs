// What every bundle of a build is made with: one file, as src/processes/bundle.ts loads it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { replaceFile } from './files.mjs';

/**
 * Bundles one entry into `outfile`, with other options of esbuild. Returns the files of packages that went into it and
 * the paths of what it made.
 */
export async function makeBundle({ outfile, ...options }) {
  const { metafile, outputFiles } = await build({
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // What V8 compiles as a script, without Node's loader, has no import().
    supported: { 'dynamic-import': false },
    legalComments: 'external',
    metafile: true,
    write: false,
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'silent' },
    ...options,
  });
  for (const { path, text } of outputFiles) replaceFile(path, path.endsWith('.cjs') ? asFunction(text) : text);
  const inputs = Object.values(metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes('node_modules/'))
    .map(([path]) => path);
  return { inputs, outputs: outputFiles.map(({ path }) => path) };
}

/**
 * A CommonJS module as the expression of a function that runs it, its hash first. In ASCII, which is read fastest:
 * other letters, which esbuild leaves in regular expressions and comments, are escaped.
 */
function asFunction(text) {
  const ascii = text.replaceAll(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `// ${createHash('sha256').update(ascii).digest('hex')}\n(function (exports, require, module, __filename, __dirname) {${ascii}\n})\n`;
}

/**
 * A plugin that gives the modules of a table empty ones, or `instead`. Rows: { from, modules, because, instead? };
 * `from` is the file that asks, below node_modules. Fails the build when something in the table is not met any more.
 */
export function leaveOut(table) {
  const rows = table.flatMap(({ from, modules, instead = '' }) => modules.map((module) => ({ from, module, instead })));
  const met = new Set();
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad, onEnd }) {
      onResolve({ filter: /./ }, ({ path, importer }) => {
        const row = rows.find(({ from, module }) => module === path && importer.endsWith(`/node_modules/${from}`));
        if (row === undefined) return undefined;
        met.add(row);
        return { path, namespace: 'left-out', pluginData: row };
      });
      onLoad({ filter: /./, namespace: 'left-out' }, ({ pluginData }) => ({ contents: pluginData.instead }));
      onEnd(() => ({ errors: rows.filter((row) => !met.has(row)).map(({ from, module }) => ({ text: `${from} does not ask for ${module}` })) }));
    },
  };
}

/**
 * A plugin that changes lines of packages. Rows: { file, line, instead, because }; `file` is below node_modules. Fails
 * the build when a file does not hold its line any more, or is not in the bundle.
 */
export function changeLines(table) {
  const met = new Set();
  return {
    name: 'change-lines',
    setup({ onLoad, onEnd }) {
      onLoad({ filter: /\/node_modules\/.*\.js$/ }, ({ path }) => {
        const row = table.find(({ file }) => path.endsWith(`/node_modules/${file}`));
        if (row === undefined) return undefined;
        const text = readFileSync(path, 'utf8');
        if (text.includes(row.line)) met.add(row);
        return { contents: text.replace(row.line, row.instead) };
      });
      onEnd(() => ({ errors: table.filter((row) => !met.has(row)).map(({ file, line }) => ({ text: `${file} does not hold ${line}` })) }));
    },
  };
}

/** To be changed wherever pg is. */
export const PG_LINES = [
  {
    file: 'pg/lib/stream.js',
    line: "if (typeof Response === 'function') {",
    instead: 'if (false) {',
    because: 'it asks whether this is Cloudflare by making a response, for which Node.js 20 loads its HTTP client: a fifth of the time in which a service starts',
  },
];
