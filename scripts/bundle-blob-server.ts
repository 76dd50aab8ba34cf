// Makes one file of the embedded blob server, with the licences of what is in it and V8's code cache. Run by `npm run build`; does nothing when nothing has changed.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { writeCodeCache } from '../src/blobs/embedded/bundle.ts';
import { licenceTexts } from './licences.ts';

const DIRECTORY = join('dist', 'blobs', 'embedded', 'azurite');
const BUNDLE = join(DIRECTORY, 'bundle.cjs');
/** Says what the bundle was made of; written last. */
const STAMP = join(DIRECTORY, '.made-of');
const MADE_OF = ['package-lock.json', 'scripts/bundle-blob-server.ts', 'scripts/licences.ts', 'src/blobs/embedded/bundle.ts'];

/** The dialect and its driver (ours) would otherwise be loaded only when there is a database to connect to. */
const ENTRY = `
  module.exports = require('azurite/dist/src/blob/BlobServerFactory.js');
  require('sequelize/lib/dialects/postgres/index');
  require('pg');
`;

/** What a file asks for and our blob server never uses: it gets an empty module. */
const LEFT_OUT: readonly { readonly from: string; readonly modules: readonly string[]; readonly because: string }[] = [
  { from: 'azurite/dist/src/common/Telemetry.js', modules: ['applicationinsights'], because: 'telemetry is off' },
  { from: 'azurite/dist/src/blob/BlobServerFactory.js', modules: ['./BlobServer'], because: 'that is the server whose metadata are in LokiJS' },
  {
    from: 'sequelize/lib/sequelize.js',
    modules: ['mariadb', 'mssql', 'mysql', 'oracle', 'sqlite', 'db2', 'snowflake'].map((dialect) => `./dialects/${dialect}`),
    because: 'the database is PostgreSQL',
  },
  { from: '@azure/ms-rest-js/dist/msRest.node.js', modules: ['tough-cookie'], because: 'only its serializer is used, not its HTTP client' },
  { from: 'express/lib/express.js', modules: ['body-parser'], because: 'Azurite reads the bodies itself' },
];

const madeOf = stampOf(MADE_OF);
if (readStamp() !== madeOf) await make();

async function make(): Promise<void> {
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(DIRECTORY, { recursive: true });
  const inputs = await bundle();
  writeFileSync(join(DIRECTORY, 'LICENSES.txt'), licenceTexts(inputs));
  writeCodeCache(join(process.cwd(), BUNDLE));
  writeFileSync(STAMP, madeOf);
}

/** Returns the files that went into it. */
async function bundle(): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: ENTRY, resolveDir: '.' },
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // `pg-hstore` is for a column type that needs it installed.
    external: ['pg', 'pg-hstore'],
    plugins: [leaveOut()],
    // Without its time zones, which are loaded at once: the connection's is +00:00.
    alias: { 'moment-timezone': 'moment-timezone/moment-timezone.js' },
    define: { 'process.env.NODE_ENV': '"production"' },
    minifyWhitespace: true,
    // When it fails to start, Node.js prints a line of it: that should not be all of it.
    lineLimit: 180,
    legalComments: 'external',
    metafile: true,
    logLevel: 'warning',
  });
  return Object.values(metafile.outputs)
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes('node_modules/'))
    .map(([path]) => path);
}

/** Fails the build when something in the table is not met any more. */
function leaveOut(): Plugin {
  const rows = LEFT_OUT.flatMap(({ from, modules }) => modules.map((module) => ({ from, module })));
  const met = new Set<(typeof rows)[number]>();
  return {
    name: 'leave-out',
    setup({ onResolve, onLoad, onEnd }) {
      onResolve({ filter: /./ }, ({ path, importer }) => {
        const row = rows.find(({ from, module }) => module === path && importer.endsWith(`/node_modules/${from}`));
        if (row === undefined) return undefined;
        met.add(row);
        return { path, namespace: 'left-out' };
      });
      onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: '' }));
      onEnd(() => ({ errors: rows.filter((row) => !met.has(row)).map(({ from, module }) => ({ text: `${from} does not ask for ${module}` })) }));
    },
  };
}

/** The code cache is of this V8 besides. */
function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function readStamp(): string | undefined {
  try {
    return readFileSync(STAMP, 'utf8');
  } catch {
    return undefined;
  }
}
