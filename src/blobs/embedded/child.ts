// The program that runs as the blob server's process. Arguments: those of Azurite (no credential among them);
// environment: AZURITE_ACCOUNTS and AZURITE_DB.
import { createRequire } from 'node:module';

/** What we use of Azurite's server object. */
interface BlobServerProcess {
  start(): Promise<void>;
  close(): Promise<void>;
}

await main();

async function main(): Promise<void> {
  const server = await createServer();
  await server.start();
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
 * Azurite's factory, without its `main`: that one would load its telemetry client. The factory reads process.argv and AZURITE_DB.
 * The package carries no types, so what we use is looked at.
 */
async function createServer(): Promise<BlobServerProcess> {
  const module: unknown = createRequire(import.meta.url)('azurite/dist/src/blob/BlobServerFactory.js');
  if (typeof module !== 'object' || module === null || !('BlobServerFactory' in module)) throw new Error('this Azurite has no BlobServerFactory');
  const { BlobServerFactory: Factory } = module;
  if (typeof Factory !== 'function') throw new Error('this Azurite has no BlobServerFactory');
  const factory: unknown = Reflect.construct(Factory, []);
  if (typeof factory !== 'object' || factory === null || !('createServer' in factory) || typeof factory.createServer !== 'function') {
    throw new Error('this Azurite makes no server');
  }
  const server: unknown = await factory.createServer();
  if (!isBlobServer(server)) throw new Error('this Azurite makes no server');
  return server;
}

function isBlobServer(value: unknown): value is BlobServerProcess {
  return (
    typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function' && 'close' in value && typeof value.close === 'function'
  );
}
