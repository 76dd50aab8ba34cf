import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openCgroup, removeCgroup } from '../cgroups.ts';
import { messageOf } from '../failures.ts';
import { processBounds } from '../processBounds.ts';
import { removeTrees } from '../removal.ts';
import { callEngine, callOrThrow, type Engine, engineCall, ENGINE_KINDS, forgetEngine, prepareEngine, reasonOf } from './engine.ts';
import { groupParent, removeGroups } from './groups.ts';
import { removeContainer } from './net.ts';
import { EXIT_CODE, smallProgram } from './smallProgram.ts';

export interface Trial {
  /** null: none works here. */
  readonly engine: Engine | null;
  /** Why none does, or what the one that works can't, a sentence each. */
  readonly limits: readonly string[];
}

export interface TrialOptions {
  /** What is made for it lies below. */
  readonly directory: string;
  readonly environment: Readonly<Partial<Record<string, string>>>;
  /** Directories that programs are looked for in. */
  readonly path?: readonly string[];
  /** What an agent runs as: of it an OCI runtime alone needs a part. */
  readonly agentCommand: readonly [string, ...string[]];
  /** Default: all. */
  readonly kinds?: readonly Engine['kind'][];
}

export const ENGINE_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** The machine's own store; its images are there for nodes, too. */
const MACHINE_STORES = ['/var/lib/containers/storage'];
/** A machine with hundreds of programs at work takes seconds for it. */
const VERSION_MS = 30_000;

/**
 * Finds what runs containers here, by running one as a node would: that a program is there says little (a daemon that
 * does not run, control groups that a runtime refuses). Where no program is there it costs nothing.
 */
export async function tryEngines({ directory, environment, agentCommand, path = ENGINE_PATH, kinds = ENGINE_KINDS }: TrialOptions): Promise<Trial> {
  const failed: string[] = [];
  for (const kind of kinds) {
    const program = programOf(kind, path);
    if (program === null) continue;
    const version = await versionOf(program, directory);
    let why = '';
    for (const engine of candidates({ kind, program, version, environment, path, agentCommand })) {
      const problem = await problemOf(engine, directory);
      if (problem === null) return { engine, limits: limitsOf(engine) };
      why ||= problem;
    }
    failed.push(`${kind}: ${why || 'there is no OCI runtime (crun or runc)'}`);
  }
  const why = failed.length === 0 ? 'neither podman nor docker nor an OCI runtime (runc or crun) is installed' : failed.join('; ');
  return { engine: null, limits: [`No containers: ${why}. Pools with a container configuration get no nodes.`] };
}

/** Whether there is anything to try. */
export function hasEngineProgram(path: readonly string[]): boolean {
  return ENGINE_KINDS.some((kind) => programOf(kind, path) !== null);
}

function limitsOf(engine: Engine): readonly string[] {
  switch (engine.kind) {
    case 'podman':
      return [
        ...(engine.hasGroups ? [] : ['Containers are in no control group of their node here: their processes have no bound of their own.']),
        ...(engine.driver === 'overlay' ? [] : ['No overlay for containers can be made here: each container copies its whole image.']),
      ];
    case 'docker':
      return ['Nodes share the images of docker, and its containers are in no control group of their node.'];
    case 'runtime':
      return [
        `Containers are run by ${basename(engine.runtime)} alone: some of their run options are refused.`,
        ...(engine.hasGroups ? [] : ['Containers are in no control group of their node here: their processes have no bound of their own.']),
      ];
  }
}

interface Candidate extends Pick<TrialOptions, 'environment' | 'agentCommand'> {
  readonly kind: Engine['kind'];
  readonly program: string;
  readonly version: string;
  readonly path: readonly string[];
}

/** null: it is not installed. */
function programOf(kind: Engine['kind'], path: readonly string[]): string | null {
  return kind === 'runtime' ? (RUNTIMES.map((name) => findProgram(name, path)).find((found) => found !== null) ?? null) : findProgram(kind, path);
}

/** The first is the more usual one. */
const RUNTIMES = ['runc', 'crun'];

/** In the order in which they are tried, the best first. */
function candidates({ kind, program, version, environment, path, agentCommand: [own, ...words] }: Candidate): readonly Engine[] {
  switch (kind) {
    case 'podman': {
      const stores = MACHINE_STORES.filter((store) => process.geteuid?.() === 0 && existsSync(join(store, 'overlay-images')));
      const runtimes = ['crun', 'runc'].map((name) => findProgram(name, path)).filter((found) => found !== null);
      const made = (runtime: string, driver: 'overlay' | 'vfs', hasGroups: boolean, machines: readonly string[]): Engine => ({ kind, program, version, runtime, driver, hasGroups, stores: machines });
      return [
        ...runtimes.map((runtime) => made(runtime, 'overlay', true, stores)),
        ...runtimes.map((runtime) => made(runtime, 'overlay', false, stores)),
        ...runtimes.map((runtime) => made(runtime, 'overlay', true, [])),
        ...runtimes.map((runtime) => made(runtime, 'vfs', false, [])),
      ];
    }
    case 'docker':
      return [{ kind, program, version, host: environment['DOCKER_HOST'] ?? null }];
    case 'runtime':
      return [true, false].map((hasGroups) => ({ kind, program: own, words, version, runtime: program, hasGroups }));
  }
}

/** null: it ran a container. */
async function problemOf(engine: Engine, below: string): Promise<string | null> {
  if (engine.kind === 'runtime' && process.geteuid?.() !== 0) return 'an OCI runtime alone needs a service that runs as root';
  mkdirSync(below, { recursive: true, mode: 0o711 });
  // By this name it is found and removed if we are killed meanwhile.
  const directory = mkdtempSync(join(below, 'trash-engine-'));
  const cgroup = engine.kind !== 'docker' && engine.hasGroups ? openCgroup(`linarite-engine-${process.pid}`, processBounds().allNodes, {}) : null;
  const parent = cgroup === null ? null : groupParent(cgroup);
  try {
    if (cgroup !== null && parent === null) return 'there is no control group to make those of containers in';
    prepareEngine(engine, directory);
    return await runOne(engine, directory, parent);
  } catch (error) {
    return messageOf(error);
  } finally {
    if (parent !== null) removeGroups(parent);
    if (cgroup !== null) removeCgroup(cgroup);
    forgetEngine(directory);
    await removeSoon(directory);
  }
}

/** Podman may still be cleaning up behind its container. What is left all the same is removed as trash. */
async function removeSoon(directory: string): Promise<void> {
  for (let tries = REMOVALS; tries > 0; tries--) {
    try {
      return await removeTrees([directory]);
    } catch {
      await delay(BETWEEN_REMOVALS_MS);
    }
  }
}

const REMOVALS = 5;
const BETWEEN_REMOVALS_MS = 200;

async function runOne(engine: Engine, directory: string, parent: string | null): Promise<string | null> {
  const call = engineCall(engine, directory);
  const program = smallProgram('exit');
  const image = `localhost/linarite-trial-${process.pid}`;
  // Where we know no program of this kind of machine, the engine itself has to be asked.
  if (program === null) return callOrThrow(call, ['info']).then(() => null, messageOf);
  const layer = join(directory, 'layer.tar');
  writeFileSync(layer, tarOf('exit', program));
  const imported = await callEngine(call, ['import', layer, image]);
  if (imported.code !== 0) return reasonOf(imported);
  const groups = parent === null ? [] : ['--cgroups=no-conmon', `--cgroup-parent=${parent}`, '--pids-limit=100'];
  const user = process.geteuid?.() === 0 ? ['--user=65534:65534'] : [];
  const created = await callEngine(call, ['create', '--pull=never', '--log-driver=none', '--network=host', ...groups, ...user, image, '/exit']);
  const id = created.stdout.trim();
  if (created.code !== 0) return reasonOf(created);
  const run = await callEngine(call, ['start', '--attach', id]);
  await removeContainer(call, id);
  if (engine.kind === 'docker') await callEngine(call, ['image', 'rm', image]);
  return run.code === EXIT_CODE ? null : reasonOf(run);
}

/** Without root podman makes directories even to say this: here they are removed again. */
async function versionOf(program: string, below: string): Promise<string> {
  mkdirSync(below, { recursive: true, mode: 0o711 });
  const directory = mkdtempSync(join(below, 'trash-version-'));
  const environment = { PATH: ENGINE_PATH.join(':'), HOME: directory, TMPDIR: directory, XDG_RUNTIME_DIR: directory };
  const said = await callEngine({ program, args: [], environment }, ['--version'], { timeoutMs: VERSION_MS }).catch(() => null);
  await removeSoon(directory);
  return /\d+\.\d+(?:\.\d+)?/.exec(said?.stdout ?? '')?.[0] ?? 'unknown';
}

function findProgram(name: string, path: readonly string[]): string | null {
  return path.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const BLOCK_BYTES = 512;

/** An archive of one executable file (POSIX, ustar). */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0);
  header.write('0000755\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK_BYTES)]);
}
