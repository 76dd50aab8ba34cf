import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../failures.ts';
import { mountsBelow } from '../mounts.ts';
import { nodeAddress } from '../network/network.ts';
import type { AgentOptions } from '../options.ts';
import { writeHostName } from './accounts.ts';
import { furnishImageRoot, pathIn, prepareImageRoot } from './imageRoot.ts';
import { hostNameOf, INNER_IMAGE, INNER_PROGRAMS, INNER_ROOT } from './isolation.ts';
import { scriptOf } from './mountScript.ts';
import type { Steps } from './mountSteps.ts';
import { makePrograms, type Programs } from './programs.ts';
import { bindUnpacked } from './unpackedImages.ts';
import { prepareSystem, prepareViews, type ViewsOptions } from './views.ts';

const run = promisify(execFile);

/** A mount of a share whose server is gone may hang. */
const MOUNT_MS = 30_000;
const OPTIONS = { cwd: '/', timeout: MOUNT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };

/** A node's place as its tasks see it. */
export interface NodePlace {
  /** Whether the node has an `/etc` of its own, in which its users have names. */
  readonly hasUsers: boolean;
  readonly hasHomes: boolean;
  /**
   * Where the root is that its tasks have, if it is another than the agent's (see imageRoot.ts); null: they share one.
   */
  readonly image: string | null;
  /** `AZ_BATCH_NODE_ROOT_DIR` */
  readonly root: string;
  readonly programs: Programs;
  /**
   * Gives the node its own `/usr`, `/var`, `/opt` and `/root`, once in a life, before the first task that may change
   * them; of nodes without such tasks none pays for it. Rejects with the reason.
   */
  ownSystem(): Promise<void>;
}

/**
 * The first step of an agent. Where it was started in namespaces of its own (`isolation`), it makes its mounts there
 * and takes its host name; they die with its last process. What an earlier life put into its layers is there again, as
 * after a reboot. Rejects with the system's reason.
 */
export async function enterPlace(options: AgentOptions): Promise<NodePlace> {
  const { rootDirectory, stateDirectory, isolation } = options;
  if (isolation === undefined) {
    if (options.imageRoot !== undefined) throw new Error(`the image of the pool, ${options.imageRoot}, needs a node with mounts of its own`);
    return sharedPlace(options);
  }
  mkdirSync(rootDirectory, { recursive: true, mode: 0o711 });
  const place = join(stateDirectory, 'place');
  const views: ViewsOptions = { root: rootDirectory, place, isolation, needed: [rootDirectory, stateDirectory] };
  const { steps, hasHomes } = prepareViews(views);
  const machineHosts = mountsBelow('/etc/hosts').length > 0 ? readFileSync('/etc/hosts', 'utf8') : null;
  const image = options.imageRoot === undefined ? null : prepareImageRoot(place, options.imageRoot);
  await mount(place, [...bindUnpacked(place, options), ...(image === null ? steps : [...image.first, ...steps, ...image.steps])]);
  writeHostName(hostNameOf(options.nodeId), nodeAddress(options), { etc: '/etc', hosts: machineHosts });
  const programs = join(place, 'mnt', INNER_PROGRAMS.slice(dirname(dirname(INNER_PROGRAMS)).length));
  if (image !== null) {
    furnishImageRoot(readFileSync('/etc/hosts', 'utf8'));
    writeHostName(hostNameOf(options.nodeId), nodeAddress(options), { etc: pathIn(INNER_IMAGE, '/etc'), hosts: null });
    // All of it is the node's own already.
    return { hasUsers: true, hasHomes: true, image: INNER_IMAGE, root: INNER_ROOT, programs: makePrograms(programs, INNER_PROGRAMS, INNER_IMAGE), ownSystem: () => Promise.resolve() };
  }
  const mark = join(place, 'system');
  let pending: readonly Steps[] | null = null;
  let owning: Promise<void> = Promise.resolve();
  const own = async (): Promise<void> => {
    pending ??= prepareSystem(views);
    if (pending.length === 0) return;
    // What is done says so, and is not done again by an attempt after a failure.
    const done = await mount(place, pending.flatMap((steps): Steps => [...steps, { kind: 'said' }]), (said) => {
      pending = (pending ?? []).slice(said.length);
    });
    pending = pending.slice(done.length);
    if (!existsSync(mark)) writeFileSync(mark, '');
  };
  const ownSystem = (): Promise<void> => {
    if (isolation !== 'overlays' || pending?.length === 0) return Promise.resolve();
    owning = owning.catch(() => {}).then(own);
    return owning;
  };
  if (existsSync(mark)) await ownSystem();
  return { hasUsers: true, hasHomes, image: null, root: INNER_ROOT, programs: makePrograms(programs, INNER_PROGRAMS), ownSystem };
}

/** The place of a node that shares all that it sees with its machine. */
export function sharedPlace({ rootDirectory, stateDirectory }: AgentOptions): NodePlace {
  const programs = makePrograms(join(stateDirectory, 'programs'), null);
  return { hasUsers: false, hasHomes: false, image: null, root: rootDirectory, programs, ownSystem: () => Promise.resolve() };
}

/**
 * Returns what the steps said. Rejects with the system's reason; `beforeFailure` is told what they had said until then.
 */
async function mount(place: string, steps: Steps, beforeFailure: (said: string) => void = () => {}): Promise<string> {
  try {
    return (await run('/bin/sh', ['-c', scriptOf(steps)], OPTIONS)).stdout;
  } catch (error) {
    const said: unknown = error instanceof Error ? Reflect.get(error, 'stdout') : undefined;
    beforeFailure(typeof said === 'string' ? said : '');
    // What was not moved to its place must not be in the way of another attempt.
    await run('umount', ['-R', join(place, 'stage')], OPTIONS).catch(() => {});
    throw new Error(`the node's place could not be made: ${reasonOf(error)}`, { cause: error });
  }
}

/** What mount(8) said. */
export function reasonOf(error: unknown): string {
  const said: unknown = error instanceof Error ? Reflect.get(error, 'stderr') : undefined;
  return (typeof said === 'string' && said.trim() !== '' ? said : messageOf(error)).trim().split('\n')[0] ?? '';
}
