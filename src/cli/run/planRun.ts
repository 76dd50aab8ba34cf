import { createHash } from 'node:crypto';
import { nameOf } from './applications.ts';
import type { RunSurroundings } from './ending.ts';
import { digestOf, digestOver, hashFiles, type Decisive, type DigestedTask } from './plan/digest.ts';
import { readItems } from './plan/items.ts';
import type { RunMetadata } from './plan/metadata.ts';
import { planTasks, type TaskTemplate } from './plan/plan.ts';
import { readSharedFile, type SharedFile } from './plan/resourceFiles.ts';
import type { RunOptions } from './workflow.ts';

/** What a run is made from: all that can be said before anything is contacted. */
export interface RunPlan {
  readonly tasks: readonly DigestedTask[];
  readonly merge: DigestedTask | undefined;
  readonly shared: readonly SharedFile[];
  /** By path: the SHA-256 of each local file. */
  readonly contents: ReadonlyMap<string, string>;
}

/** @throws RunError usage */
export async function planRun(options: RunOptions, { readStdin, progress }: Pick<RunSurroundings, 'readStdin' | 'progress'>): Promise<RunPlan> {
  const { sources, template, resourceFiles } = options;
  const planned = planTasks(await readItems(sources, readStdin), template);
  const shared = await Promise.all(resourceFiles.map(readSharedFile));
  const paths = [...planned.tasks.flatMap(({ item }) => (item.file === undefined ? [] : [item.file.path])), ...shared.flatMap(({ source }) => (source.kind === 'local' ? [source.path] : []))];
  const contents = await hashFiles(paths, (text) => progress.step(text));
  const decisive = { shared, contents, settings: settingsOf(options) };
  const tasks = planned.tasks.map((task) => ({ ...task, digest: digestOf(task, decisive) }));
  const merge = planned.merge === undefined ? undefined : { ...planned.merge, digest: digestOver(planned.merge, decisive, tasks) };
  return { tasks, merge, shared, contents };
}

/** What decides what tasks do and is the same for all of them; each name is left out where nothing was asked for. */
function settingsOf({ image, poolWish, container, mpi, applications, template }: RunOptions): Decisive['settings'] {
  return {
    image: image?.toLowerCase(),
    startTask: poolWish.startTask,
    container: container === undefined ? undefined : [container.image, container.options ?? ''].join(' '),
    mpi: mpi === undefined ? undefined : [mpi.instances, mpi.setup ?? ''].join(' '),
    applications: applications.length === 0 ? undefined : applications.map(nameOf).join(),
    parts: template.merge === undefined ? undefined : 'given',
  };
}

/**
 * What the run writes into its job.
 * @param before what runs before it have written
 */
export function metadataFor(options: RunOptions, { merge }: Pick<RunPlan, 'merge'>, { tasks, containers, before }: { tasks: number; containers: readonly string[]; before?: RunMetadata }): RunMetadata {
  const { template, to, pool, keep, keepPool, resume, poolWish, image } = options;
  const of = template.merge === undefined || merge === undefined ? undefined : { task: merge.id, of: commandDigest(template) };
  const fresh: RunMetadata = {
    tasks,
    outputs: template.outputs,
    to,
    ownPool: pool === undefined,
    keep,
    keepPool,
    containers,
    ...(pool === undefined ? { pool: { ...poolWish, ...(image === undefined ? {} : { image }) } } : {}),
  };
  return { ...(before ?? fresh), tasks, containers: [...new Set([...(before?.containers ?? []), ...containers])], ...(resume ? { resume: true } : {}), ...(of === undefined ? {} : { merge: of }) };
}

/** Equal for runs of the same command, whatever they are given. */
export function commandDigest({ argv, shell }: TaskTemplate): string {
  return createHash('sha256').update(JSON.stringify([argv, shell])).digest('hex').slice(0, 16);
}
