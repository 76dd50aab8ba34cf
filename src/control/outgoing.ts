import type { Command } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import type { AttemptKey, JobTaskKey, NodeNumber } from '../core/keys.ts';
import type { FailureInfo, NodeStatus } from '../core/status.ts';
import { MANAGED_TOKEN_PATH } from '../wire/managedTokens.ts';
import type { Channels } from './channels.ts';
import type { DispatchOptions } from './dispatch.ts';
import { packageSource } from './packages.ts';
import type { Specs } from './specs.ts';
import type { Surroundings } from './surroundings.ts';

/** Of the session whose commands go out. */
export interface Origin {
  readonly epoch: number;
  readonly specs: Specs;
  readonly channels: Channels;
  readonly nodes: ReadonlyMap<NodeNumber, NodeStatus>;
  readonly isOver: boolean;
  push(event: CoreEvent): void;
}

/** Where commands of a session go, and what comes of those that can't be carried out. */
export function outgoing(session: Origin, around: Surroundings): DispatchOptions {
  const { options, source } = around;
  const { account, tokens, blobNames } = options;
  return {
    specs: session.specs,
    knownJobs: (jobs) => options.store.readKnownJobs(jobs),
    sign: options.sign,
    secrets: options.secrets,
    packages: (applications) => packageSource(options, applications),
    token: ({ job, task, attempt }) => tokens.issue({ account: account.number, job, task, attempt }),
    identity: ({ job, task, attempt }) => ({ endpoint: `${account.url}${MANAGED_TOKEN_PATH}`, header: tokens.issueIdentity({ account: account.number, job, task, attempt }), blobHosts: blobNames?.hosts() ?? [], authority: blobNames?.authority() ?? null }),
    poolOf: (node) => session.nodes.get(node)?.pool,
    send: (node, commands) => session.channels.send(node, { kind: 'commands', epoch: session.epoch, commands }),
    acquire: (command, spec) => {
      const node = session.nodes.get(command.node);
      if (node !== undefined) source.acquire(command, node, spec);
    },
    release: (command) => release(session, around, command),
    halt: ({ node, life, silent }) => source.restart(node, life, silent),
    refuse: (node, key, failure, error) => refuse(session, around, node, key, failure, error),
    refuseJobTask: (node, key, failure, error, offer) => {
      refuseJobTask(session, around, node, key, failure, error);
      if (offer !== null) session.push({ kind: 'agent', node, report: { kind: 'revoked', key: offer } });
    },
  };
}

/** A life whose files go with it. A session that ends meanwhile leaves it to the next one, which decides it again. */
function release(session: Origin, { source, archive }: Surroundings, { node, life, silent }: Extract<Command, { kind: 'release' }>): void {
  const status = session.nodes.get(node);
  const archived = status === undefined || silent ? null : (archive?.beforeLeaving(status) ?? null);
  if (archived === null) return source.release(node, life, silent);
  void archived.then(() => {
    if (!session.isOver) source.release(node, life, silent);
  });
}

/** What the task asks for can't be put together here: it ends as any task whose inputs can't be had. */
function refuse(session: Origin, { options }: Surroundings, node: NodeNumber, key: AttemptKey, failure: FailureInfo, error: unknown): void {
  const { log, clock } = options;
  if (failure.category === 'ServerError') log.error({ error, ...key }, 'a task could not be prepared: it ends as failed');
  session.push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: null, endedAt: clock(), outcome: { kind: 'notStarted', failure } } } });
}

/** It ends as one whose inputs can't be had; tasks that were to wait for it come back. */
function refuseJobTask(session: Origin, { options }: Surroundings, node: NodeNumber, key: JobTaskKey, failure: FailureInfo, error: unknown): void {
  const { log, clock } = options;
  if (failure.category === 'ServerError') log.error({ error, ...key }, "a job's preparation or release task could not be put together: it ends as failed");
  const now = clock();
  const status = { state: 'completed', startedAt: now, endedAt: now, exitCode: null, failure, retryCount: 0, lastRetryAt: null, result: 'failure' } as const;
  session.push({ kind: 'agent', node, report: { kind: 'jobTask', key, status } });
}
