import { quoteForShell } from '../../base/shellWords.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { CONFIG_VARIABLE } from '../local/record.ts';
import type { NodeRequest } from '../provider.ts';
import { indexWords, jobNameOf, type NodeArray, ownerOf } from './jobNames.ts';
import type { SlurmOptions } from './options.ts';
import { type SharedPlaces, CONFIG_NAME, ENDED_NAME, LOG_NAME } from './places.ts';

/** What nodes of one array have in common. */
export type NodeTemplate = Pick<NodeRequest, 'poolId' | 'vmSize' | 'priority'>;

/** Ends with what the agent ended with, and says beforehand if it ended all that it started. */
const NO_CONFIGURATION = 78;

/** Words of sbatch that ask for such a node: without an array they try whether Slurm would give one. */
export function resourceWords(template: NodeTemplate, options: SlurmOptions): readonly string[] {
  const { priority, vmSize } = template;
  const { exclusive = false, gpuResource = 'gpu', sbatchWords = [] } = options;
  const partition = priority === 'low' ? options.lowPriorityPartition : options.partition;
  const qos = priority === 'low' ? (options.lowPriorityQos ?? options.qos) : options.qos;
  const size = findVmSize(vmSize);
  const shared = size === undefined ? [] : [`--cpus-per-task=${size.cores}`, `--mem=${size.memoryMiB}M`];
  const gpus = size?.gpus ?? 0;
  return [
    '--nodes=1',
    '--ntasks=1',
    // Another life of the node is another job: Slurm's own would have its number, and begin unasked.
    '--no-requeue',
    ...(exclusive ? ['--exclusive'] : shared),
    ...(gpus > 0 ? [`--gres=${gpuResource}:${gpus}`] : []),
    ...word('partition', partition),
    ...word('account', options.account),
    ...word('qos', qos),
    ...word('constraint', options.constraint),
    ...(options.timeLimitMinutes === undefined ? [] : [`--time=${options.timeLimitMinutes}`]),
    ...sbatchWords,
  ];
}

export function submissionWords(template: NodeTemplate, array: NodeArray, options: SlurmOptions): readonly string[] {
  return [
    `--job-name=${jobNameOf(ownerOf({ ...options.service, name: options.name }), array)}`,
    `--comment=pool ${template.poolId}`,
    `--array=${indexWords(array.indices)}`,
    '--chdir=/',
    '--output=/dev/null',
    ...resourceWords(template, options),
  ];
}

function word(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`--${name}=${value}`];
}

/**
 * The script of an array: each element finds its node by its index, and becomes the parent of its agent. Anybody may
 * read a job's script, so nothing secret stands in it. An agent that ends by itself has ended all that it started: the
 * file that says so proves it where Slurm cannot, since it has lost the machine.
 */
export function scriptOf({ first, life }: Pick<NodeArray, 'first' | 'life'>, options: Pick<SlurmOptions, 'agentProgram' | 'localDirectory'>, places: SharedPlaces): string {
  const { agentProgram, localDirectory } = options;
  return [
    '#!/bin/sh',
    'umask 077',
    `node=$((${first} + \${SLURM_ARRAY_TASK_ID:-0}))`,
    `life=${quoteForShell(places.lives)}/$node.${life}`,
    `exec 2>>"$life/${LOG_NAME}" >&2 || exit ${NO_CONFIGURATION}`,
    `export ${CONFIG_VARIABLE}="$life/${CONFIG_NAME}"`,
    ...(localDirectory === undefined ? [] : [`trap 'rm -rf '${quoteForShell(localDirectory)}"/$node.${life}" EXIT`]),
    `${agentProgram.map(quoteForShell).join(' ')} </dev/null &`,
    'agent=$!',
    `trap 'kill -TERM "$agent" 2>/dev/null' TERM INT HUP`,
    // A signal ends `wait` before the agent has ended.
    'while :; do wait "$agent"; status=$?; kill -0 "$agent" 2>/dev/null || break; done',
    `[ "$status" -ne 0 ] || : >"$life/${ENDED_NAME}"`,
    'exit "$status"',
    '',
  ].join('\n');
}
