import { spawn } from 'node:child_process';
import type { ContainerSource } from '../../frames.ts';
import type { ContainerOptions } from '../mountWords.ts';
import type { ServedContainer } from './serve.ts';
import { MOUNTED, SERVE_CONTAINER } from './words.ts';

export interface StartServer {
  readonly source: ContainerSource;
  readonly options: ContainerOptions;
  readonly point: string;
  /** The node's: by it the server is found and ended with the node. */
  readonly mark: Readonly<Record<string, string>>;
  /** Called when it has ended after all was well. */
  readonly onGone: (how: string) => void;
}

const START_MS = 60_000;
const MOST_SAID = 4_096;

/** Resolves when the container can be used at `point`; rejects with why it cannot. */
export function startContainerServer({ source, options, point, mark, onGone }: StartServer): Promise<void> {
  const { without: _without, ...rest } = options;
  const served: ServedContainer = { ...source, ...rest, point };
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1), SERVE_CONTAINER], {
    cwd: '/',
    env: { PATH: process.env['PATH'], NODE_ENV: process.env['NODE_ENV'], ...mark },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin.on('error', () => undefined).end(JSON.stringify(served));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, MOST_SAID);
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the container could not be reached within ${START_MS / 1_000} seconds`));
    }, START_MS);
    let isMounted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text !== MOUNTED) return;
      isMounted = true;
      clearTimeout(timer);
      // An agent that ends waits neither for it nor for its pipes.
      child.unref();
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve();
    });
    child.once('error', (error) => reject(error));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const how = signal ?? `code ${code}`;
      if (isMounted) onGone(how);
      else reject(new Error(said.trim() === '' ? `its server ended with ${how}` : said.trim()));
    });
  });
}
