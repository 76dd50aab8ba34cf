// One file of the embedded blob server, with the licences of what is in it.
import { join } from 'node:path';
import { PG_LINES, changeLines, leaveOut, makeBundle } from './bundle.mjs';
import { replaceFile } from './files.mjs';
import { licenceTexts } from './licences.mjs';

/** The dialect and its driver would otherwise be loaded only when there is a database to connect to. */
const ENTRY = `
  module.exports = require('azurite/dist/src/blob/BlobServerFactory.js');
  require('sequelize/lib/dialects/postgres/index');
  require('pg');
`;

/** What a file asks for and our blob server never uses. */
const LEFT_OUT = [
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

const DRIVER = [
  {
    file: 'sequelize/lib/dialects/abstract/connection-manager.js',
    line: 'return require(moduleName);',
    instead: "if (moduleName === 'pg') return require('pg'); return require(moduleName);",
    because: 'a name in a variable tells a bundler nothing',
  },
];

/** Makes bundle and licence texts in `directory`. Returns the paths of what it made. */
export async function bundleBlobServer(directory) {
  const outfile = join(directory, 'bundle.cjs');
  const licences = join(directory, 'LICENSES.txt');
  const { inputs, outputs } = await makeBundle({
    stdin: { contents: ENTRY, resolveDir: '.' },
    outfile,
    // The first is for a column type that needs it installed, the second an addon that pg may use.
    external: ['pg-hstore', 'pg-native'],
    plugins: [leaveOut(LEFT_OUT), changeLines([...DRIVER, ...PG_LINES])],
    // Without its time zones, which are loaded at once: the connection's is +00:00.
    alias: { 'moment-timezone': 'moment-timezone/moment-timezone.js' },
    define: { 'process.env.NODE_ENV': '"production"' },
    minifyWhitespace: true,
    // When it fails to start, Node.js prints a line of it: that should not be all of it.
    lineLimit: 180,
  });
  replaceFile(licences, licenceTexts(inputs));
  return [...outputs, licences];
}
