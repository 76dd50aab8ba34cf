import type { Image, JobToAdd, PoolToAdd, TaskToAdd } from './account/batchAccount.ts';
import { jobBody, poolBody, taskBody } from './plan/bodies.ts';
import { containerName, freeName } from './plan/names.ts';
import { metadataOf } from './plan/metadata.ts';
import { metadataFor, planRun, type RunOptions } from './workflow.ts';
import { checkTarget } from './plan/target.ts';
import { hasFiles } from './plan/plan.ts';
import type { Urls } from './files/transfers.ts';

/** What a run would send. What only the service or the storage knows stands in angle brackets. */
export interface DryRun {
  /** Undefined when the pool is one that exists. */
  readonly pool?: PoolToAdd;
  readonly job: JobToAdd;
  readonly tasks: readonly TaskToAdd[];
}

/** Plans a run and contacts nothing. @throws RunError usage */
export async function dryRun(options: RunOptions, readStdin: () => Promise<string>): Promise<DryRun> {
  const name = freeName('run');
  const jobId = options.job ?? name;
  const plan = await planRun(options, readStdin);
  await checkTarget(options.to);
  const { tasks, shared } = plan;
  const containers = [...(hasFiles(tasks, shared) ? [containerName(jobId, 'in')] : []), ...(tasks.some(({ outputs }) => outputs.length > 0) ? [containerName(jobId, 'out')] : [])];
  const urls: Urls = {
    inputs: new Map(tasks.flatMap(({ id, item }) => (item.file === undefined ? [] : [[id, `<URL of ${item.file.path}>`]]))),
    shared: shared.map(({ name: called, source }) => ({ name: called, url: source.kind === 'url' ? source.url : `<URL of ${source.path}>` })),
    outputs: `<URL of the container ${containerName(jobId, 'out')}>`,
  };
  return {
    ...(options.pool === undefined ? { pool: poolBody(name, options.poolWish, imageToBe(options.image)) } : {}),
    job: jobBody(jobId, options.pool ?? name, metadataOf(metadataFor(options, plan, containers))),
    tasks: tasks.map((task) => taskBody(task, { ...options, inputUrl: urls.inputs.get(task.id), shared: urls.shared, outputUrl: urls.outputs })),
  };
}

function imageToBe(asked: string | undefined): Pick<Image, 'imageReference' | 'nodeAgentSKUId'> {
  const [publisher = '', offer = '', sku = '', version = 'latest'] = asked?.split(':') ?? ['<of the newest Ubuntu of the service>', '<its offer>', '<its sku>'];
  return { imageReference: { publisher, offer, sku, version }, nodeAgentSKUId: '<that of the image>' };
}
