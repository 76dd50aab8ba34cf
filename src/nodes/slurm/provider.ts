import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import { EngineAway } from '../away.ts';
import { createLines } from '../local/turns.ts';
import type { ClosableProvider, NodeRequest, Observation } from '../provider.ts';
import { remoteAgentOptions } from '../remote/agentOptions.ts';
import { createSlurmCommands, type SlurmCommands } from './commands.ts';
import { isOf, ownerOf } from './jobNames.ts';
import { createLives, isOver, lifeKey } from './lives.ts';
import { DRAIN_MS, type SlurmOptions } from './options.ts';
import { openPlaces } from './places.ts';
import { createSlurmProbe } from './probe.ts';
import type { QueuedJob } from './queue.ts';
import { createSubmitter } from './submitter.ts';
import { together } from './together.ts';
import { watchQueue } from './watch.ts';

const BUSY_LOOK_MS = 1_500;
const IDLE_LOOK_MS = 15_000;
/** While somebody waits for an end. */
const ENDING_LOOK_MS = 500;
/** After the lease of an agent, by our own clock. */
const LEASE_MARGIN_MS = 5_000;

/**
 * Nodes as jobs of Slurm, one each: asked for -> pending -> running -> (its processes are dead) -> ended or preempted.
 * The queue is the only record of what is there: the name of a job says whose it is, so that a service that was killed
 * between a request and its answer finds it, and what belongs to others is never touched. What is asked of many nodes
 * at once is asked in one process. A machine that Slurm has lost proves nothing: its agent has ended when it has left
 * word of that in the shared directory, or when its lease is over.
 */
export function createSlurmProvider(options: SlurmOptions, commands: SlurmCommands = createSlurmCommands(options)): ClosableProvider {
  const { service, drainMs = DRAIN_MS, say = () => undefined } = options;
  const owner = ownerOf({ ...service, name: options.name });
  const places = openPlaces(join(options.directory, owner), say);
  const callbacks = new Set<(observation: Observation) => void>();
  const inLine = createLines<NodeNumber>();
  const lives = createLives({
    owner,
    leaseOverMs: service.leaseMs + LEASE_MARGIN_MS,
    drainMs,
    isKnown: ({ node, life }) => places.isKnown(node, life),
    hasEnded: ({ node, life }) => places.hasEnded(node, life),
  });
  const probe = createSlurmProbe(options, commands);
  /** Who waits for the end of a life, by `lifeKey`. */
  const waiting = new Map<string, () => void>();
  /** Of lives that are being asked for: settles when Slurm has answered. */
  const submitting = new Map<string, Promise<void>>();
  let isClosed = false;

  const tell = (news: readonly Observation[]): void => {
    if (!isClosed) for (const observation of news) for (const callback of callbacks) callback(observation);
  };

  const takeIn = async (jobs: readonly QueuedJob[], askedAt: number): Promise<void> => {
    const doubtful = lives.newlyOver(jobs);
    // Where even that is not known, nothing is proved now.
    const [silentHosts, { killWaitMs }] = await Promise.all([commands.silentHosts(doubtful).catch(() => new Set(doubtful)), probe.facts()]);
    tell(lives.takeIn({ jobs, silentHosts, askedAt, now: Date.now(), killWaitMs }));
    for (const wake of waiting.values()) wake();
  };

  const everyMs = (): number => (waiting.size > 0 ? ENDING_LOOK_MS : lives.count === 0 ? IDLE_LOOK_MS : BUSY_LOOK_MS);
  const queue = watchQueue({ queue: () => commands.queue(), everyMs, say, onQueue: takeIn });
  const submit = createSubmitter({
    options,
    commands,
    places,
    mostIndex: async () => (await probe.facts()).mostIndex,
    alive: async () => {
      await queue.look();
      return (request) => {
        const one = lives.get(request);
        return one !== undefined && !isOver(one);
      };
    },
  });
  const cancel = together<string>(async (ids) => {
    await commands.cancel(ids);
    return new Map();
  });

  /** Resolves when Slurm has ended it, and that is proved. */
  const endOne = async (node: NodeNumber, life: number, job: string): Promise<void> => {
    const key = lifeKey({ node, life });
    const isThere = (): boolean => {
      const one = lives.get({ node, life });
      return one !== undefined && !isOver(one);
    };
    await cancel(job);
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        if (isThere()) return;
        waiting.delete(key);
        resolve();
      };
      waiting.set(key, wake);
      queue.look().catch(() => undefined);
    });
  };

  /** Resolves when nothing lives of the node's lives up to this one. */
  const endLives = async (node: NodeNumber, life: number): Promise<void> => {
    await queue.look();
    const there = lives.upTo(node, life).filter((one) => !isOver(one));
    await Promise.all(there.map((one) => endOne(node, one.life, one.job.id)));
  };

  const end = (node: NodeNumber, life: number, isForgotten: boolean): Promise<void> => {
    const asked = { node, life, priority: 'dedicated' } as const;
    lives.callOff(asked);
    return inLine(node, async () => {
      lives.callOff(asked);
      // What was asked for before it may be on its way to Slurm.
      await submitting.get(lifeKey(asked))?.catch(() => undefined);
      await endLives(node, life);
      if (lives.isReplaced(asked)) return;
      if (isForgotten) {
        lives.forget(node, life);
        await places.forget(node, life, true);
      }
      tell([{ node, life, observed: { kind: 'ended', reason: isForgotten ? 'released' : 'halted' } }]);
    });
  };

  const configure = (request: NodeRequest): Promise<void> => {
    const { localDirectory } = options;
    const directory = localDirectory === undefined ? places.nodeDirectory(request.node) : join(localDirectory, lifeKey(request));
    // A job is of whoever submits it.
    return places.furnish(request.node, remoteAgentOptions(request, service, directory, process.geteuid?.() === 0));
  };

  const seenOf = (account: AccountNumber | 'all'): readonly Observation[] => lives.all().filter(({ node }) => isOf(account, node));

  return {
    kind: 'slurm',
    leaseOf: () => service.leaseMs,
    probe: () => probe.run(),

    acquire: async (request) => {
      refuse(request, options);
      const { node, life, priority } = request;
      const asked = { node, life, priority };
      await inLine(node, async () => {
        await queue.look();
        if (lives.isReplaced(asked)) return;
        const present = lives.get(asked);
        if (present !== undefined && !isOver(present)) {
          // The service may have another address since: the agent reads the file again whenever it has to dial.
          await configure(request);
          tell(lives.all().filter((one) => one.node === node && one.life === life));
          return;
        }
        if (lives.isAsked(asked)) return;
        if (options.maxNodes !== undefined && lives.count >= options.maxNodes) throw new Error(`All nodes that may be had from here are taken: ${options.maxNodes}.`);
        await endLives(node, life);
        lives.forget(node, life);
        if (life > 1) await places.forget(node, life - 1, false);
        await configure(request);
        tell(lives.ask(asked));
        submitting.set(lifeKey(asked), submit({ request, isWanted: () => lives.isAsked(asked) }));
      });
      const submission = submitting.get(lifeKey(asked));
      if (submission === undefined) return;
      try {
        await submission;
        lives.answered(asked, performance.now());
      } catch (error) {
        lives.callOff(asked);
        throw error;
      } finally {
        submitting.delete(lifeKey(asked));
      }
    },

    release: (node, life) => end(node, life, true),
    halt: (node, life) => end(node, life, false),

    list: async (account) => {
      try {
        await queue.look();
      } catch (error) {
        throw new EngineAway(`Slurm cannot be asked: ${messageOf(error)}`, seenOf(account));
      }
      return seenOf(account);
    },

    watch: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },

    close: async () => {
      isClosed = true;
      queue.close();
      await places.settle();
    },
  };
}

function refuse({ containers, priority }: NodeRequest, { lowPriorityPartition }: SlurmOptions): void {
  if (containers) throw new Error('No containers on nodes of Slurm: pools with a container configuration get none there.');
  if (priority === 'low' && lowPriorityPartition === undefined) throw new Error('No low-priority nodes from this Slurm: its configuration names no partition for them.');
}
