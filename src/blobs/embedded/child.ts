// The program that runs as the blob server's process. Arguments: those of Azurite (no credential among them);
// environment: AZURITE_ACCOUNTS, LINARITE_BLOBS_VERBOSE. A first message says where its database is, once that is
// there; later ones which accounts it has.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadBundle } from '../../processes/bundle.ts';

/** What we use of Azurite's server object. */
interface BlobServerProcess {
  start(): Promise<void>;
  close(): Promise<void>;
  /** Reads AZURITE_ACCOUNTS; by itself it would each minute. */
  readonly accountDataStore: { refresh(): void };
}

void main();

async function main(): Promise<void> {
  if (process.env['LINARITE_BLOBS_VERBOSE'] === undefined) sayErrorsOnly();
  const databaseUrl = firstMessage();
  const factory = loadFactory();
  process.env['AZURITE_DB'] = await databaseUrl;
  const server = await createServer(factory);
  await server.start();
  process.on('message', (message) => {
    if (typeof message !== 'object' || message === null || !('accounts' in message) || typeof message.accounts !== 'string') return;
    process.env['AZURITE_ACCOUNTS'] = message.accounts;
    server.accountDataStore.refresh();
    process.send?.('accounts');
  });
  process.send?.('ready');
  let closing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) return;
      closing = true;
      void server.close().finally(() => process.exit(0));
    });
  }
  // The service may die; uploads of tasks that still run go on until its successor ends us.
  process.on('disconnect', () => {});
}

/**
 * All other messages are for developers of Azurite and its libraries: Sequelize warns of each table's columns at each
 * start.
 */
function sayErrorsOnly(): void {
  const quiet = (): void => undefined;
  Object.assign(globalThis.console, { log: quiet, info: quiet, debug: quiet, warn: quiet });
}

/** The database's URL. A service that dies before it has said it leaves nothing to do. */
function firstMessage(): Promise<string> {
  return new Promise((resolve) => {
    const gone = (): void => process.exit(1);
    process.once('disconnect', gone);
    process.once('message', (message) => {
      process.off('disconnect', gone);
      if (typeof message !== 'object' || message === null || !('databaseUrl' in message) || typeof message.databaseUrl !== 'string') throw new Error('the first message names no database');
      resolve(message.databaseUrl);
    });
  });
}

/** What we use of Azurite's factory. */
interface BlobServerFactory {
  createServer(): Promise<unknown>;
}

/**
 * Azurite's factory, without its `main`: that one would load its telemetry client. When it makes a server it reads
 * process.argv and AZURITE_DB. The package carries no types, so what we use is looked at.
 */
function loadFactory(): BlobServerFactory {
  const module = loadModule();
  if (typeof module !== 'object' || module === null || !('BlobServerFactory' in module)) throw new Error('this Azurite has no BlobServerFactory');
  const { BlobServerFactory: Factory } = module;
  if (typeof Factory !== 'function') throw new Error('this Azurite has no BlobServerFactory');
  const factory: unknown = Reflect.construct(Factory, []);
  if (!isFactory(factory)) throw new Error('this Azurite makes no server');
  return factory;
}

/** The bundle is part of a build. The sources run the installed package, and so never an older bundle. */
function loadModule(): unknown {
  if (import.meta.url.endsWith('.ts')) return createRequire(import.meta.url)('azurite/dist/src/blob/BlobServerFactory.js');
  return loadBundle(fileURLToPath(new URL('./azurite/bundle.cjs', import.meta.url)));
}

async function createServer(factory: BlobServerFactory): Promise<BlobServerProcess> {
  const server = await factory.createServer();
  if (!isBlobServer(server)) throw new Error('this Azurite makes no server');
  return server;
}

function isFactory(value: unknown): value is BlobServerFactory {
  return typeof value === 'object' && value !== null && 'createServer' in value && typeof value.createServer === 'function';
}

function isBlobServer(value: unknown): value is BlobServerProcess {
  if (typeof value !== 'object' || value === null || !('accountDataStore' in value)) return false;
  const { accountDataStore } = value;
  const hasAccounts = typeof accountDataStore === 'object' && accountDataStore !== null && 'refresh' in accountDataStore && typeof accountDataStore.refresh === 'function';
  return hasAccounts && 'start' in value && typeof value.start === 'function' && 'close' in value && typeof value.close === 'function';
}
