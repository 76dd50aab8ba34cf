import { BatchError } from '../../wire/errors.ts';
import { dataContract, type ShapeName } from '../../wire/dataContract.ts';
import type { PoolWithDefaults } from '../../wire/defaults.ts';
import { NoPoolDefinition, readPoolDefinition } from '../../wire/poolDefinition.ts';
import type { JobAdd, PoolSpecification, TaskAdd } from '../../wire/types.generated.ts';
import { NEWEST_API_VERSION } from '../../wire/versions.ts';
import type { Path } from './document.ts';

/** What a rule looks at: all that a file holds. */
export interface Subject {
  readonly pools: readonly Found<PoolWithDefaults | PoolSpecification>[];
  readonly jobs: readonly Found<JobAdd>[];
  readonly tasks: readonly FoundTask[];
  /** Regions that the file names. */
  readonly locations: readonly Found<string>[];
}

/** A resource and where it stands in the file. */
export interface Found<T> {
  readonly it: T;
  readonly path: Path;
}

interface FoundTask extends Found<TaskAdd> {
  /** Where the file is a list that a service has answered. */
  readonly creationTime: string | null;
}

/** What the service would refuse. */
export interface Refusal {
  readonly path: Path;
  readonly message: string;
  readonly reason: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Finds pools, jobs and tasks in what a file holds: one of them, a list (bare, or under `value` as the service answers
 * it), a template of Resource Manager, or an object that names several (`pool`, `pools`, `job`, `jobs`, `tasks`).
 */
export function readSubject(value: unknown): { readonly subject: Subject; readonly refusals: readonly Refusal[] } {
  const pools: Found<PoolWithDefaults | PoolSpecification>[] = [];
  const jobs: Found<JobAdd>[] = [];
  const tasks: FoundTask[] = [];
  const locations: Found<string>[] = [];
  const refusals: Refusal[] = [];

  const attempt = (path: Path, read: () => void): void => {
    try {
      read();
    } catch (error) {
      if (error instanceof NoPoolDefinition) refusals.push({ path, message: error.message, reason: 'it cannot be added' });
      else if (error instanceof BatchError) refusals.push(refusalOf(error, path));
      else throw error;
    }
  };
  const readPool = (json: Json, path: Path): void => attempt(path, () => void pools.push({ it: readPoolDefinition(json, 'pool').pool, path }));
  const readTask = (json: Json, path: Path): void =>
    attempt(path, () => {
      const creationTime = typeof json['creationTime'] === 'string' ? json['creationTime'] : null;
      tasks.push({ it: dataContract.readBody('TaskAdd', NEWEST_API_VERSION, asked('TaskAdd', 'Task', json)), path, creationTime });
    });
  const readJob = ({ tasks: own, ...json }: Json, path: Path): void => {
    attempt(path, () => {
      const job = dataContract.readBody('JobAdd', NEWEST_API_VERSION, asked('JobAdd', 'Job', json));
      jobs.push({ it: job, path });
      const auto = job.poolInfo.autoPoolSpecification?.pool;
      if (auto !== undefined) pools.push({ it: auto, path: [...path, 'autoPoolSpecification', 'pool'] });
    });
    if (own !== undefined) readAny(own, [...path, 'tasks']);
  };

  const readAny = (json: unknown, path: Path): void => {
    if (Array.isArray(json)) return json.forEach((each, index) => readAny(each, [...path, index]));
    if (!isObject(json)) return void refusals.push({ path, message: 'this is no pool, job or task', reason: 'a pool has a vmSize, a job a poolInfo, a task a commandLine' });
    const { value, resources, location } = json;
    if (typeof location === 'string' && !location.startsWith('[')) locations.push({ it: location, path: [...path, 'location'] });
    if (Array.isArray(value)) return readAny(value, [...path, 'value']);
    if (isObject(json['vmSize']) || json['vmSize'] !== undefined || json['vm_size'] !== undefined || isPoolOfArm(json)) return readPool(json, path);
    if (json['poolInfo'] !== undefined) return readJob(json, path);
    if (json['commandLine'] !== undefined) return readTask(json, path);
    const several = ['pool', 'pools', 'job', 'jobs', 'tasks'].filter((name) => json[name] !== undefined);
    if (several.length > 0) return several.forEach((name) => readAny(json[name], [...path, name]));
    if (Array.isArray(resources)) return readTemplate(resources, [...path, 'resources']);
    refusals.push({ path, message: 'this is no pool, job or task', reason: 'a pool has a vmSize, a job a poolInfo, a task a commandLine' });
  };
  const readTemplate = (resources: readonly unknown[], path: Path): void =>
    resources.forEach((each, index) => {
      if (!isObject(each)) return;
      const { location, type } = each;
      if (typeof location === 'string' && !location.startsWith('[')) locations.push({ it: location, path: [...path, index, 'location'] });
      if (typeof type === 'string' && /^microsoft\.batch\/batchaccounts\/pools$/i.test(type)) readPool(each, [...path, index]);
    });

  readAny(value, []);
  return { subject: { pools, jobs, tasks, locations }, refusals };
}

function isPoolOfArm({ properties, type }: Json): boolean {
  return (typeof type === 'string' && /\/pools$/i.test(type)) || (isObject(properties) && properties['vmSize'] !== undefined);
}

/** What an answer says besides what was asked for is left out: `az batch task list` prints answers. */
function asked(shape: ShapeName, answer: ShapeName, json: Json): Json {
  const asking = new Set(dataContract.rowsOf(shape).map(([name]) => name));
  const answered = new Set(dataContract.rowsOf(answer).map(([name]) => name));
  return Object.fromEntries(Object.entries(json).filter(([name, value]) => value !== null && !name.startsWith('odata.') && (asking.has(name) || !answered.has(name))));
}

function refusalOf({ code, message, values }: BatchError, path: Path): Refusal {
  const valueOf = (name: string): string | undefined => values.find(({ key }) => key === name)?.value;
  const property = valueOf('PropertyName');
  const reason = valueOf('Reason') ?? valueOf('Message') ?? message;
  return { path: property === undefined ? path : [...path, ...property.split('.')], message: `the service refuses this: ${code}${property === undefined ? '' : ` (${property})`}`, reason };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
