import { posix } from 'node:path';
import { findVmSize } from '../../../wire/sizes/find.ts';
import type { Image, JobToAdd, MetadataItem, OutputFile, PoolToAdd, ResourceFile, TaskSeen, TaskToAdd } from '../account/batchAccount.ts';
import { shellCommandLine } from './commandLine.ts';
import { outputPath } from '../files/downloads.ts';
import type { ApplicationWish } from '../applications.ts';
import type { Dependencies } from './dependencies.ts';
import { DIGEST_VARIABLE, type DigestedTask } from './digest.ts';
import { hasWildcard } from './plan.ts';

/** The pool that a run makes for itself. */
export interface PoolWish {
  readonly nodes: number;
  readonly lowPriorityNodes: number;
  readonly slots: number;
  readonly vmSize: string;
  /** A shell script that prepares each node, with administrator's rights. */
  readonly startTask?: string;
  /** The container image that tasks run in: nodes fetch it before they take any. */
  readonly container?: string;
  /** Whether its nodes talk to each other. */
  readonly interNode?: true;
}

export function poolBody(id: string, { nodes, lowPriorityNodes, slots, vmSize, startTask, container, interNode }: PoolWish, { imageReference, nodeAgentSKUId }: Pick<Image, 'imageReference' | 'nodeAgentSKUId'>): PoolToAdd {
  return {
    id,
    displayName: 'made by linarite run',
    vmSize,
    virtualMachineConfiguration: { imageReference, nodeAgentSKUId, ...(container === undefined ? {} : { containerConfiguration: { containerImageNames: [container] } }) },
    targetDedicatedNodes: nodes,
    targetLowPriorityNodes: lowPriorityNodes,
    taskSlotsPerNode: slots,
    ...(interNode === true ? { enableInterNodeCommunication: true } : {}),
    taskSchedulingPolicy: { nodeFillType: 'spread' },
    ...(startTask === undefined
      ? {}
      : {
          startTask: {
            commandLine: shellCommandLine(startTask),
            userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'admin' } },
            waitForSuccess: true,
            maxTaskRetryCount: 1,
          },
        }),
  };
}

/**
 * Jobs of runs allow dependencies: a later run may add tasks that wait for these. They stay open when their tasks are
 * completed, since Batch runs nothing again in a job that is over.
 */
export function jobBody(id: string, poolId: string, metadata: MetadataItem[]): JobToAdd {
  return { id, displayName: 'linarite run', poolInfo: { poolId }, usesTaskDependencies: true, onAllTasksComplete: 'noaction', metadata };
}

/** What storage, job and options add to a planned task. */
export interface TaskSurroundings {
  /** Where the task's own input can be read; undefined without one. */
  readonly inputUrl?: string | undefined;
  /** Files that all tasks get: name in the working directory, URL. */
  readonly shared: readonly { readonly name: string; readonly url: string }[];
  /** The container that outputs go to; needed when there are output patterns. */
  readonly outputUrl: string | undefined;
  /** The container of what a merge gets; needed when there is one. */
  readonly parts?: { readonly writeUrl: string; readonly readUrl: string } | undefined;
  readonly dependsOn?: Dependencies | undefined;
  readonly applications?: readonly ApplicationWish[];
  readonly container?: ContainerWish;
  readonly mpi?: MpiWish;
  readonly retries: number;
  /** ISO 8601. */
  readonly maxTime?: string;
}

/** The container that each task runs in. */
export interface ContainerWish {
  readonly image: string;
  /** Of the engine's `create`. */
  readonly options?: string;
}

/** Each task on several nodes at a time. */
export interface MpiWish {
  readonly instances: number;
  /** A bash script that each of the nodes runs before the task's command does on the first. */
  readonly setup?: string;
}

/** The service wants a coordination command in any case. Common files lie above the working directory of each node. */
function multiInstanceSettingsOf({ instances, setup }: MpiWish, shared: TaskSurroundings['shared']): NonNullable<TaskToAdd['multiInstanceSettings']> {
  return {
    numberOfInstances: instances,
    coordinationCommandLine: setup === undefined ? '/bin/true' : shellCommandLine(setup),
    ...(shared.length === 0 ? {} : { commonResourceFiles: shared.map(({ name, url }) => ({ filePath: name, httpUrl: url })) }),
  };
}

function containerSettingsOf({ image, options }: ContainerWish): NonNullable<TaskToAdd['containerSettings']> {
  return { imageName: image, ...(options === undefined ? {} : { containerRunOptions: options }) };
}

/** Where a merge finds what the others have put out, in its working directory: a directory a task. */
const PARTS = 'parts';

/** A task as `@azure/batch` takes it. Outputs land in the container under the task's id and the pattern's number. */
export function taskBody(task: DigestedTask, surroundings: TaskSurroundings): TaskToAdd {
  const { id, item, commandLine, environment, digest } = task;
  const { dependsOn, retries, maxTime, applications = [], container, mpi, shared, parts } = surroundings;
  const isMerge = parts !== undefined && task.merged !== true;
  const resourceFiles = resourceFilesOf(task, surroundings);
  const outputFiles = outputFilesOf(task, surroundings);
  return {
    id,
    displayName: item.label.slice(0, 1024),
    commandLine,
    constraints: { maxTaskRetryCount: retries, ...(maxTime === undefined ? {} : { maxWallClockTime: maxTime }) },
    ...(resourceFiles.length === 0 ? {} : { resourceFiles }),
    environmentSettings: [...environment.map(({ name, value }) => ({ name, value })), { name: DIGEST_VARIABLE, value: digest }],
    ...(outputFiles.length === 0 ? {} : { outputFiles }),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(applications.length === 0 ? {} : { applicationPackageReferences: [...applications] }),
    ...(container === undefined ? {} : { containerSettings: containerSettingsOf(container) }),
    ...(mpi === undefined || isMerge ? {} : { multiInstanceSettings: multiInstanceSettingsOf(mpi, shared) }),
  };
}

function resourceFilesOf({ item, merged }: DigestedTask, { shared, inputUrl, parts }: TaskSurroundings): ResourceFile[] {
  return [
    ...shared.map(({ name, url }) => ({ filePath: name, httpUrl: url })),
    ...(item.file === undefined || inputUrl === undefined ? [] : [{ filePath: item.file.name, httpUrl: inputUrl }]),
    ...(merged === true || parts === undefined ? [] : [{ filePath: PARTS, storageContainerUrl: parts.readUrl }]),
  ];
}

function outputFilesOf({ id, item, outputs, merged }: DigestedTask, { outputUrl, parts }: TaskSurroundings): OutputFile[] {
  const upload = (filePattern: string, containerUrl: string, directory: string): OutputFile => ({
    filePattern,
    // With wildcards `path` is a directory for what matches, without it is the blob's whole name (API reference,
    // OutputFileBlobContainerDestination.path).
    destination: { container: { containerUrl, path: pathOf(filePattern, directory) } },
    uploadOptions: { uploadCondition: 'tasksuccess' },
  });
  const part = outputs.length === 0 ? ['../stdout.txt'] : outputs;
  return [
    ...(outputUrl === undefined ? [] : outputs.map((pattern, index) => upload(pattern, outputUrl, outputPath(id, index, item.file?.directory ?? '.')))),
    ...(merged === true && parts !== undefined ? part.map((pattern) => upload(pattern, parts.writeUrl, id)) : []),
  ];
}

/** The output patterns of a task that `taskBody` has made. */
export function patternsOf({ id = '', outputFiles = [] }: Pick<TaskSeen, 'id' | 'outputFiles'>): string[] {
  return outputFiles.filter(({ destination }) => destination.container?.path?.startsWith(`${id}/`) === true && /^\d+\/d/.test(destination.container.path.slice(id.length + 1))).map(({ filePattern }) => filePattern);
}

function pathOf(filePattern: string, directory: string): string {
  return hasWildcard(filePattern) ? directory : `${directory}/${plainName(filePattern)}`;
}

/** `result.txt` of `../result.txt`, `a/b.txt` of `./a/b.txt`. */
function plainName(pattern: string): string {
  const parts = posix.normalize(pattern).split('/').filter((part) => part !== '..' && part !== '.' && part !== '');
  return posix.isAbsolute(pattern) ? (parts.at(-1) ?? pattern) : parts.join('/');
}

/** How many cores a size has; 1 where nobody knows the size. */
export function coresOf(vmSize: string): number {
  return findVmSize(vmSize)?.cores ?? 1;
}

/** The smallest general-purpose size on which Batch allows that many slots: at most four a core. */
export function sizeForSlots(slots: number): string {
  const cores = [2, 4, 8, 16, 32, 48, 64].find((number) => number * 4 >= slots) ?? 64;
  return `standard_d${cores}s_v3`;
}
