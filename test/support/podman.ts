import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { quoteForShell } from '../../src/base/shellWords.ts';
import { engineCall, forgetEngine, prepareEngine } from '../../src/agent/containers/engine.ts';
import { tryEngines } from '../../src/agent/containers/trial.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import { canMakeImages, makeImageRoot } from './imageRoots.ts';
import { type Finished, mustRun } from './linarite.ts';

/** Podman with a store of its own, which goes with it. */
export interface Podman {
  /** A program that is podman with that store, for scripts. */
  readonly program: string;
  readonly directory: string;
  run(args: readonly string[], timeoutMs?: number): Promise<Finished>;
  close(): Promise<void>;
}

/** What is missing for it; null: it works here. Really tried. */
export async function startPodman(): Promise<Podman | string> {
  if (!canMakeImages) return 'busybox-static is not installed';
  const trials = mkdtempSync(join(tmpdir(), 'linarite-podman-trial-'));
  const { engine, limits } = await tryEngines({ directory: trials, environment: process.env, kinds: ['podman'], agentCommand: [process.execPath] });
  removeBusyTree(trials);
  if (engine === null) return limits.join(' ');
  const directory = mkdtempSync(join(tmpdir(), 'linarite-podman-'));
  const store = join(directory, 'store');
  prepareEngine(engine, store);
  const { program, args, environment } = engineCall(engine, store);
  const words = Object.entries(environment).map(([name, value]) => `export ${name}=${quoteForShell(value)}`);
  // What is built runs its steps without an OCI runtime: they change two files.
  words.push('export BUILDAH_ISOLATION=chroot', `exec ${[program, ...args].map(quoteForShell).join(' ')} "$@"`);
  const wrapper = join(directory, 'podman');
  writeFileSync(wrapper, `#!/bin/sh\n${words.join('\n')}\n`, { mode: 0o755 });
  const run: Podman['run'] = (given, timeoutMs = 120_000) => mustRun(wrapper, given, { timeoutMs });
  return {
    program: wrapper,
    directory,
    run,
    close: async () => {
      await run(['rm', '--all', '--force', '--volumes', '--time=0']);
      await run(['rmi', '--all', '--force']);
      await run(['volume', 'rm', '--all', '--force']);
      forgetEngine(store);
      removeBusyTree(directory);
    },
  };
}

/** An image that a service can be built from, of what this machine has: its Node.js with its libraries, busybox. */
export async function makeNodeBase(podman: Podman, name: string): Promise<void> {
  const root = join(podman.directory, 'base');
  makeImageRoot(root, 'busybox with Node.js');
  for (const directory of ['tmp', 'proc', 'sys', 'dev', 'run', 'mnt', 'var/lib', 'usr/local/bin', 'opt']) mkdirSync(join(root, directory), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  for (const file of [process.execPath, ...librariesOf(process.execPath)]) {
    const place = file === process.execPath ? '/usr/local/bin/node' : file;
    mkdirSync(dirname(join(root, place)), { recursive: true });
    copyFileSync(realpathSync(file), join(root, place));
  }
  const archive = join(podman.directory, 'base.tar');
  execFileSync('tar', ['-cf', archive, '-C', root, '.']);
  await podman.run(['import', archive, name]);
  for (const path of [root, archive]) rmSync(path, { recursive: true, force: true });
}

/** Those of Node.js, and the older ones beside them that PostgreSQL's programs ask for. */
function librariesOf(program: string): readonly string[] {
  const found = [...execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  const loader = found.find((path) => basename(path).startsWith('ld-'));
  if (loader === undefined) throw new Error(`${program} has no loader: ${found.join(' ')}`);
  const place = dirname(found.find((path) => basename(path) === 'libc.so.6') ?? loader);
  return [...new Set([...found, ...['librt.so.1', 'libdl.so.2', 'libpthread.so.0'].map((name) => join(place, name)).filter((path) => existsSync(path))])];
}
