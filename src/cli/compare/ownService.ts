import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeArguments, siblingModule } from '../../processes/module.ts';
import { CommandError, EXIT } from '../errors.ts';
import type { Connection } from '../ownOperations.ts';

/** A service that ends with this process, however that comes about, and leaves nothing. */
export interface OwnService {
  readonly connection: Connection;
  end(): Promise<void>;
}

/** @throws CommandError failure: it does not start. */
export async function startOwnService(): Promise<OwnService> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-compare-'));
  // The users that its database and tasks run as have to pass.
  await chmod(directory, 0o711);
  const words = ['up', '--with-parent', '--data-dir', join(directory, 'data'), '--port', '0', ...(process.platform === 'linux' ? ['--ephemeral'] : [])];
  const child = spawn(process.execPath, [...nodeArguments(siblingModule(import.meta.url, '../main')), ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const end = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  const environment = await new Promise<Readonly<Record<string, string>> | undefined>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line) as Record<string, string>);
    });
    child.once('error', (error) => {
      said += error.message;
      resolve(undefined);
    });
    void ended.then(() => resolve(undefined));
  });
  const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = environment ?? {};
  if (endpoint === undefined || account === undefined || key === undefined) {
    await end();
    throw new CommandError(EXIT.failure, `no service of its own starts: ${said.trim()}`);
  }
  return { connection: { endpoint, credentials: { kind: 'key', account, key } }, end };
}
