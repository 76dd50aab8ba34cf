// Called by ./linarite before it installs and builds, with the command's arguments: says whether the port that `up`
// will want is taken. Needs no packages.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const DEFAULT_PORT = 10_800;
const DEFAULT_HOST = '127.0.0.1';
/** As `up` itself would end. */
const PORT_TAKEN = 4;

const [command, ...words] = process.argv.slice(2);
const dataDirectory = option('data-dir') ?? (process.env['LINARITE_DATA_DIR'] || '.linarite');
const port = Number(option('port') ?? DEFAULT_PORT);
const host = option('host') ?? DEFAULT_HOST;
// A service that has run here may still do so, on this port or on another one: `up` knows.
if (command === 'up' && !existsSync(join(dataDirectory, 'run', 'service.json')) && port > 0 && port < 65_536) {
  const server = createServer();
  server.once('error', (error) => {
    if (error.code !== 'EADDRINUSE') return;
    console.error(`linarite: port ${port} on ${host} is taken: give another one by --port`);
    process.exitCode = PORT_TAKEN;
  });
  server.listen({ port, host }, () => server.close());
}

/** The value of `--name value` or `--name=value`. */
function option(name) {
  const at = words.indexOf(`--${name}`);
  return at >= 0 ? words[at + 1] : words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}
