import { compile, lint as lintFormula } from '../../autoscale/index.ts';
import { counted } from '../../base/words.ts';
import { hourlyPrice } from '../../wire/sizes/prices.ts';
import type { PoolSpecification, TaskAdd } from '../../wire/types.generated.ts';
import type { PoolWithDefaults } from '../../wire/defaults.ts';
import type { Path } from './document.ts';
import { isNameOfSecret, secretIn } from './secrets.ts';
import type { Found, Subject } from './subject.ts';

/** One thing that a rule noticed: where, what, and why it matters or what to do. */
interface Remark {
  readonly path: Path;
  readonly message: string;
  readonly reason: string;
}

/** One rule of `linarite lint`. Formulas have rules of their own (`src/autoscale/lint`), which `formula` hands on. */
interface Rule {
  readonly name: string;
  readonly meaning: string;
  readonly find: (subject: Subject) => Iterable<Remark>;
}

export const RULES: readonly Rule[] = [
  { name: 'formula', meaning: "a pool's formula has errors or probable mistakes", find: formulas },
  { name: 'left-running', meaning: 'a pool keeps its nodes, and their cost, although nothing runs', find: leftRunning },
  { name: 'never-fits', meaning: 'a task that no node of its pool can ever run', find: neverFits },
  { name: 'one-task-job', meaning: 'a job for a single task', find: oneTaskJobs },
  { name: 'credentials', meaning: 'a secret in what everyone who may read the account can see', find: credentials },
  { name: 'no-shell', meaning: 'words for a shell in a command line that starts none', find: shellWords },
  { name: 'lost-output', meaning: 'a task writes a file that nothing uploads', find: lostOutputs },
  { name: 'fixed-node-path', meaning: 'a path of a node that is not the same everywhere', find: fixedPaths },
  { name: 'no-retries', meaning: 'tasks on nodes that may vanish have no retry', find: withoutRetries },
  { name: 'one-a-call', meaning: 'tasks were added one a call', find: oneACall },
  { name: 'one-region', meaning: 'all that a file makes is in one region', find: oneRegion },
];

function* formulas({ pools }: Subject): Generator<Remark> {
  for (const { it, path } of pools) {
    if (it.autoScaleFormula === undefined) continue;
    const place = [...path, 'autoScaleFormula'];
    const compiled = compile(it.autoScaleFormula);
    if (!compiled.ok) {
      for (const { line, column, expected, found } of compiled.problems) yield { path: place, message: `the formula has an error in line ${line}, column ${column}`, reason: `expected ${expected}, found ${found}` };
      continue;
    }
    for (const { line, column, message, reason, rule } of lintFormula(compiled.program)) yield { path: place, message: `line ${line}, column ${column} of the formula: ${message} (${rule})`, reason };
  }
}

function* leftRunning({ pools, jobs }: Subject): Generator<Remark> {
  const automatic = new Set<unknown>(jobs.map(({ it }) => it.poolInfo.autoPoolSpecification).filter((auto) => auto?.keepAlive !== true).map((auto) => auto?.pool));
  for (const { it, path } of pools) {
    const { dedicated, low } = fixedTargets(it);
    if (dedicated + low === 0 || automatic.has(it)) continue;
    yield { path: [...path, dedicated > 0 ? 'targetDedicatedNodes' : 'targetLowPriorityNodes'], message: `the pool keeps ${counted(dedicated + low, 'node')} until someone resizes it${costOf(it, dedicated, low)}`, reason: 'a formula scales it down when nothing waits, an auto pool goes with its job' };
  }
}

function fixedTargets(pool: PoolWithDefaults | PoolSpecification): { readonly dedicated: number; readonly low: number } {
  return pool.enableAutoScale === true ? { dedicated: 0, low: 0 } : { dedicated: pool.targetDedicatedNodes ?? 0, low: pool.targetLowPriorityNodes ?? 0 };
}

function costOf({ vmSize }: { readonly vmSize: string }, dedicated: number, low: number): string {
  const parts = ([['dedicated', dedicated], ['low', low]] as const).map(([kind, nodes]) => (nodes === 0 ? 0 : (hourlyPrice(vmSize, kind) ?? Number.NaN) * nodes));
  const hour = parts.reduce((sum, part) => sum + part, 0);
  return Number.isNaN(hour) ? '' : `, about ${(hour * 24).toFixed(2)} US dollars a day on Azure`;
}

function* neverFits({ pools, jobs, tasks }: Subject): Generator<Remark> {
  const pool = onlyOne(pools);
  const ids = new Set(tasks.map(({ it }) => it.id.toLowerCase()));
  for (const { it, path } of tasks) {
    if (pool !== undefined) for (const [name, message, reason] of misfits(it, pool.it)) yield { path: [...path, name], message, reason };
    for (const id of it.dependsOn?.taskIds ?? []) {
      if (tasks.length > 1 && !ids.has(id.toLowerCase())) yield { path: [...path, 'dependsOn'], message: `the task waits for "${id}", which is not in the file`, reason: 'until a task of this id is added and succeeds, this one never starts' };
    }
  }
  for (const { it, path } of jobs) {
    const manager = it.jobManagerTask;
    if (manager?.allowLowPriorityNode === false && pool !== undefined && pool.it.enableAutoScale !== true && fixedTargets(pool.it).dedicated === 0) {
      yield { path: [...path, 'jobManagerTask', 'allowLowPriorityNode'], message: 'the job manager wants a dedicated node, and the pool has none', reason: 'the job never begins' };
    }
    if (tasks.some((task) => task.it.dependsOn !== undefined) && it.usesTaskDependencies !== true) yield { path, message: 'tasks depend on others, and the job does not say usesTaskDependencies', reason: 'the service refuses such tasks' };
  }
}

function* misfits(task: TaskAdd, pool: PoolWithDefaults | PoolSpecification): Generator<readonly [property: string, message: string, reason: string]> {
  const slots = pool.taskSlotsPerNode ?? 1;
  if ((task.requiredSlots ?? 1) > slots) yield ['requiredSlots', `the task needs ${task.requiredSlots} slots, and a node of the pool has ${slots}`, 'it waits for ever'];
  const instances = task.multiInstanceSettings?.numberOfInstances ?? 1;
  const { dedicated, low } = fixedTargets(pool);
  if (pool.enableAutoScale !== true && instances > dedicated + low) yield ['numberOfInstances', `the task needs ${instances} nodes at a time, and the pool has ${dedicated + low}`, 'it waits for ever, unless the pool grows'];
  if (task.multiInstanceSettings !== undefined && instances > 1 && pool.enableInterNodeCommunication !== true) yield ['multiInstanceSettings', 'the task runs on several nodes, and the pool does not say enableInterNodeCommunication', 'its instances cannot reach each other'];
  if (task.containerSettings !== undefined && pool.virtualMachineConfiguration?.containerConfiguration === undefined) yield ['containerSettings', 'the task runs in a container, and the pool has no containerConfiguration', 'it fails with ContainerPoolNotSupported'];
}

function* oneTaskJobs({ jobs, tasks }: Subject): Generator<Remark> {
  const reason = 'each job costs quota and time of its own; add the tasks of one piece of work to one job';
  const ofOne = jobs.filter(({ path }) => tasks.filter((task) => startsWith(task.path, path)).length === 1);
  if (ofOne.length > 1) {
    const [first] = ofOne;
    yield { path: first?.path ?? [], message: `${ofOne.length} jobs have a single task each`, reason };
    return;
  }
  const job = onlyOne(jobs);
  const task = onlyOne(tasks);
  if (job !== undefined && task !== undefined && job.it.jobManagerTask === undefined && task.it.multiInstanceSettings === undefined) yield { path: job.path, message: 'the job has a single task', reason };
}

function* credentials({ pools, jobs, tasks }: Subject): Generator<Remark> {
  for (const { it, path } of processes({ pools, jobs, tasks })) {
    for (const [index, { httpUrl, storageContainerUrl }] of (it.resourceFiles ?? []).entries()) {
      const secret = secretIn(httpUrl ?? storageContainerUrl ?? '');
      if (secret !== null) yield { path: [...path, 'resourceFiles', index, httpUrl === undefined ? 'storageContainerUrl' : 'httpUrl'], message: `a resource file's URL holds ${secret}`, reason: "whoever may read the account reads it; a pool's managed identity (identityReference) or autoStorageContainerName needs none" };
    }
    for (const [index, { destination }] of (it.outputFiles ?? []).entries()) {
      const secret = secretIn(destination.container?.containerUrl ?? '');
      if (secret !== null) yield { path: [...path, 'outputFiles', index, 'containerUrl'], message: `an output file's URL holds ${secret}`, reason: "whoever may read the account reads it; a pool's managed identity (identityReference) needs none" };
    }
    yield* secretVariables(it.environmentSettings ?? [], [...path, 'environmentSettings']);
    const secret = secretIn(it.commandLine);
    if (secret !== null) yield { path: [...path, 'commandLine'], message: `the command line holds ${secret}`, reason: 'it is kept with the task and seen by every process of the node; use a managed identity, or a resource file' };
  }
  for (const { it, path } of jobs) yield* secretVariables(it.commonEnvironmentSettings ?? [], [...path, 'commonEnvironmentSettings']);
}

function* secretVariables(variables: readonly { readonly name: string; readonly value?: string | undefined }[], path: Path): Generator<Remark> {
  for (const [index, { name, value = '' }] of variables.entries()) {
    const secret = secretIn(value) ?? (isNameOfSecret(name) && value !== '' ? 'a secret, by its name' : null);
    if (secret !== null) yield { path: [...path, index, 'value'], message: `the variable ${name} holds ${secret}`, reason: 'answers show it; to reach the Batch account a task has authenticationTokenSettings, to reach storage a managed identity' };
  }
}

/** A process that someone described, with what it reads and writes. */
type Process = Pick<TaskAdd, 'commandLine' | 'resourceFiles' | 'outputFiles' | 'environmentSettings'>;

function* processes({ pools, jobs, tasks }: Pick<Subject, 'pools' | 'jobs' | 'tasks'>): Generator<Found<Process>> {
  for (const { it, path } of pools) if (it.startTask !== undefined) yield { it: it.startTask, path: [...path, 'startTask'] };
  for (const { it, path } of jobs) {
    for (const name of ['jobManagerTask', 'jobPreparationTask', 'jobReleaseTask'] as const) {
      const process = it[name];
      if (process !== undefined) yield { it: process, path: [...path, name] };
    }
  }
  yield* tasks;
}

const SHELLS = /^\s*["']?(?:\/(?:usr\/)?bin\/)?(?:(?:ba|da|z|k)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)["']?(?:\s|$)/i;
/** Of words outside of quotes. */
const SHELL_SYNTAX: readonly (readonly [RegExp, string])[] = [
  [/&&|\|\|/, 'a list of commands'],
  [/\|/, 'a pipe'],
  [/(?:^|\s)\d?>{1,2}/, 'a redirection'],
  [/;(?:\s|$)/, 'several commands'],
  [/\$(?:\{?[A-Za-z_]\w*|\()/, 'a variable'],
];

function* shellWords({ pools, jobs, tasks }: Subject): Generator<Remark> {
  for (const { it, path } of processes({ pools, jobs, tasks })) {
    if (SHELLS.test(it.commandLine)) continue;
    const bare = it.commandLine.replaceAll(/'[^']*'/g, "''");
    const unquoted = bare.replaceAll(/"[^"]*"/g, '""');
    const found = SHELL_SYNTAX.find(([syntax, what]) => syntax.test(what === 'a variable' ? bare : unquoted));
    if (found !== undefined) yield { path: [...path, 'commandLine'], message: `the command line has ${found[1]}, and no shell reads it`, reason: `the words reach the program as they stand; write /bin/bash -c '…'` };
  }
}

const WRITES: readonly RegExp[] = [/(?:^|\s)\d?>{1,2}\s*(?!&|\/dev\/)["']?([^\s"'|;&]+)/, /(?:^|\s)(?:-o|--out(?:put)?(?:-file)?)[= ]["']?([^\s"'|;&]+)/];
const UPLOADS = /azcopy|az\s+storage|blobxfer|rclone|aws\s+s3|gsutil|curl\s.*(?:-T|--upload-file|-X\s*PUT)|scp\s|rsync\s/;

function* lostOutputs({ tasks }: Subject): Generator<Remark> {
  for (const { it, path } of tasks) {
    if ((it.outputFiles ?? []).length > 0 || UPLOADS.test(it.commandLine)) continue;
    const file = WRITES.map((writes) => writes.exec(it.commandLine)?.[1]).find((name) => name !== undefined && name !== '/dev/null' && !/^\$\{?AZ_BATCH_NODE_(?:SHARED|MOUNTS)_DIR/.test(name));
    if (file !== undefined) yield { path: [...path, 'commandLine'], message: `the task writes ${file}, and no outputFiles upload it`, reason: 'it goes with its node, at the latest when the retention time of the task is over' };
  }
}

const FIXED_PATH = /\/mnt\/(?:batch|resource\/batch)\/tasks[^\s"';]*|[A-Za-z]:\\batch\\tasks[^\s"';]*/i;

function* fixedPaths({ pools, jobs, tasks }: Subject): Generator<Remark> {
  for (const { it, path } of processes({ pools, jobs, tasks })) {
    const found = FIXED_PATH.exec(it.commandLine)?.[0];
    if (found !== undefined) yield { path: [...path, 'commandLine'], message: `${found} is not there on every node`, reason: 'images and sizes differ; the variables AZ_BATCH_NODE_SHARED_DIR, AZ_BATCH_TASK_DIR, AZ_BATCH_JOB_PREP_DIR … say where things are' };
  }
}

function* withoutRetries({ pools, jobs, tasks }: Subject): Generator<Remark> {
  const pool = pools.find(({ it }) => (it.targetLowPriorityNodes ?? 0) > 0 || /\$TargetLowPriorityNodes\s*=\s*(?!0\s*;)/.test(it.autoScaleFormula ?? ''));
  if (pool === undefined) return;
  const ofJob = jobs.some(({ it }) => (it.constraints?.maxTaskRetryCount ?? 0) !== 0);
  const without = tasks.filter(({ it }) => (it.constraints?.maxTaskRetryCount ?? 0) === 0);
  const [first] = without;
  if (ofJob || first === undefined) return;
  yield { path: first.path, message: `${without.length === 1 ? 'the task has' : `${without.length} tasks have`} no retry, and the pool has low-priority nodes`, reason: 'a task whose node vanishes is queued again by itself; one that ends at the notice with an error is over, unless maxTaskRetryCount allows another try' };
}

/** So few are quick anyhow. */
const FEW_TASKS = 20;
const MOST_A_CALL = 100;

function* oneACall({ tasks }: Subject): Generator<Remark> {
  const times = tasks.flatMap(({ creationTime }) => (creationTime === null ? [] : [creationTime]));
  const [first] = tasks;
  if (first === undefined || times.length <= FEW_TASKS || new Set(times).size < times.length * 0.9) return;
  yield { path: first.path, message: `${times.length} tasks were added one a call`, reason: `a call takes up to ${MOST_A_CALL} tasks (add a collection), which is many times as fast` };
}

function* oneRegion({ locations, pools }: Subject): Generator<Remark> {
  const regions = new Set(locations.map(({ it }) => it.toLowerCase().replaceAll(' ', '')));
  const [first] = locations;
  if (first === undefined || regions.size !== 1 || pools.length < 2) return;
  yield { path: first.path, message: `all ${pools.length} pools are in ${first.it}`, reason: 'quota, capacity or an outage of one region stops all of them; a second account elsewhere keeps work going' };
}

function onlyOne<T>(all: readonly T[]): T | undefined {
  return all.length === 1 ? all[0] : undefined;
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((name, index) => path[index] === name);
}
