import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, failure, TaskFailure } from '../failures.ts';
import type { RegistryWork } from '../frames.ts';
import { callEngine, type Engine, type EngineCall, reasonOf, type Said } from './engine.ts';
import { DOCKER_HUB, hostOf, isOnLoopback, registryOf, wholeName } from './imageName.ts';
import { registryFailure } from './registries.ts';

export interface ImagesOptions {
  readonly engine: Engine;
  readonly call: EngineCall;
  /** The node's own for containers. */
  readonly directory: string;
  /** Makes room; false: there was nothing to remove. */
  readonly makeRoom: (urgent: boolean) => Promise<boolean>;
}

/**
 * The images of a node. One that is there is used as it is, also one that somebody made on this machine: it is not
 * asked for again, as docker does not. Any other is pulled, once at a time for all that ask for it.
 */
export interface Images {
  /**
   * Resolves with the name by which the engine has the image. Throws TaskFailure, and the signal's reason once it has
   * aborted.
   */
  fetch(image: string, registries: readonly RegistryWork[], signal: AbortSignal): Promise<string>;
  /** By `fetch`'s answer, when it was last asked for, on the monotonic clock. */
  readonly lastUsed: ReadonlyMap<string, number>;
  /** Those that were pulled in this life. */
  readonly pulled: ReadonlySet<string>;
  /** Some are no longer there. */
  forget(): void;
}

/** A pull of many gigabytes over a slow line. */
const PULL_MS = 3 * 3_600_000;
const PULLS_AT_ONCE = 3;

export function createImages({ engine, call, directory, makeRoom }: ImagesOptions): Images {
  const lastUsed = new Map<string, number>();
  /** Of these the engine need not be asked. */
  const known = new Set<string>();
  const pulled = new Set<string>();
  const pulls = new Map<string, { readonly done: Promise<void>; readonly abort: AbortController; waiting: number }>();
  let turns: readonly Promise<unknown>[] = [];

  const isThere = async (name: string): Promise<boolean> => {
    if (known.has(name)) return true;
    return (await callEngine(call, existsWords(engine, name))).code === 0;
  };

  const use = (name: string): string => {
    known.add(name);
    lastUsed.set(name, performance.now());
    return name;
  };

  /** As many at a time as there are turns. */
  const inTurn = async (action: () => Promise<void>): Promise<void> => {
    while (turns.length >= PULLS_AT_ONCE) await Promise.race(turns);
    const turn = action();
    const settled = turn.catch(() => {}).then(() => {
      turns = turns.filter((other) => other !== settled);
    });
    turns = [...turns, settled];
    return turn;
  };

  const pull = async (name: string, registries: readonly RegistryWork[], signal: AbortSignal): Promise<void> => {
    const config = mkdtempSync(join(directory, 'attempts', 'pull-'));
    try {
      writeFileSync(join(config, 'config.json'), JSON.stringify(authFile(registries)), { mode: 0o600 });
      await makeRoom(false);
      const said = await pullOnce(name, config, signal);
      if (said.code !== 0 && isNoRoom(said) && (await makeRoom(true))) return checked(name, await pullOnce(name, config, signal));
      return checked(name, said);
    } finally {
      rmSync(config, { recursive: true, force: true });
    }
  };

  const pullOnce = (name: string, config: string, signal: AbortSignal): Promise<Said> =>
    callEngine(call, pullWords(engine, name, config), { signal, timeoutMs: PULL_MS });

  /** Shared by all that wait for it; given up when nobody does. */
  const pullShared = async (name: string, registries: readonly RegistryWork[], signal: AbortSignal): Promise<void> => {
    // Whoever shows other credentials learns whether these are good.
    const key = JSON.stringify([name, registries]);
    let shared = pulls.get(key);
    if (shared === undefined) {
      const abort = new AbortController();
      const done = inTurn(() => pull(name, registries, abort.signal)).finally(() => pulls.delete(key));
      done.catch(() => {});
      shared = { done, abort, waiting: 0 };
      pulls.set(key, shared);
    }
    const mine = shared;
    mine.waiting += 1;
    try {
      await abortable(mine.done, signal);
    } finally {
      mine.waiting -= 1;
      if (mine.waiting === 0) mine.abort.abort();
    }
  };

  return {
    lastUsed,
    pulled,
    forget: () => known.clear(),
    fetch: async (image, registries, signal) => {
      const whole = wholeName(image);
      for (const name of new Set([image, whole])) {
        if (!(await isThere(name))) continue;
        return use(name);
      }
      signal.throwIfAborted();
      for (const registry of registries) if (registry.lacks !== undefined && hostOf(registry.server) === registryOf(whole)) throw new TaskFailure(registryFailure(registry, registry.lacks));
      await pullShared(whole, registries, signal);
      pulled.add(whole);
      return use(whole);
    },
  };
}

function existsWords(engine: Engine, name: string): readonly string[] {
  switch (engine.kind) {
    case 'podman':
    case 'runtime':
      return ['image', 'exists', '--', name];
    case 'docker':
      return ['image', 'inspect', '--format', '{{.Id}}', '--', name];
  }
}

/** `config`: the directory that holds `config.json`. */
function pullWords(engine: Engine, name: string, config: string): readonly string[] {
  switch (engine.kind) {
    case 'podman':
    case 'runtime': {
      const plain = isOnLoopback(registryOf(name)) ? ['--tls-verify=false'] : [];
      return ['pull', '--quiet', '--authfile', join(config, 'config.json'), ...plain, '--', name];
    }
    case 'docker':
      // Of the two that the program is told, the later counts.
      return ['--config', config, 'pull', '--quiet', '--', name];
  }
}

/** As docker and podman read it (containers-auth.json(5)). */
function authFile(registries: readonly RegistryWork[]): { readonly auths: Readonly<Record<string, { readonly auth: string }>> } {
  const entries = registries.flatMap(({ server, username, password, lacks }) => {
    if (lacks !== undefined) return [];
    const host = hostOf(server);
    const auth = { auth: Buffer.from(`${username}:${password}`).toString('base64') };
    return (host === DOCKER_HUB ? [host, 'https://index.docker.io/v1/'] : [host]).map((name) => [name, auth] as const);
  });
  return { auths: Object.fromEntries(entries) };
}

/** Whatever keeps an image away has one code on the real service (seen in reports of its users). */
function checked(name: string, said: Said): void {
  if (said.code === 0) return;
  throw new TaskFailure(
    isNoRoom(said)
      ? failure('DiskFull', ['ContainerImage', name], ['Message', reasonOf(said)])
      : failure('ContainerInvalidImage', ['ContainerImage', name], ['Message', reasonOf(said)]),
  );
}

function isNoRoom({ stderr }: Said): boolean {
  return /no space left on device|disk quota exceeded/i.test(stderr);
}

/** Rejects with the signal's reason as soon as it aborts. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason instanceof Error ? signal.reason : new Error(messageOf(signal.reason)));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
