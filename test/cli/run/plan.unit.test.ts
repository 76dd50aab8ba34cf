import { describe, expect, test } from 'vitest';
import type { Image } from '../../../src/cli/run/account/batchAccount.ts';
import { coresOf, sizeForSlots, taskBody } from '../../../src/cli/run/plan/bodies.ts';
import { outputPath, planDownloads } from '../../../src/cli/run/files/downloads.ts';
import { chooseImage } from '../../../src/cli/run/plan/image.ts';
import { readItems, type Item } from '../../../src/cli/run/plan/items.ts';
import { readComeBack, readFlags, type RunFlags } from '../../../src/cli/run/plan/options.ts';
import { planTasks, type PlannedTask, type TaskTemplate } from '../../../src/cli/run/plan/plan.ts';
import { supportedImages } from '../../../src/wire/images.ts';

function item(text: string): Item {
  return { label: text, values: new Map([['item', text]]) };
}
function tasksOf(items: readonly Item[], made: TaskTemplate): readonly PlannedTask[] {
  return planTasks(items, made).tasks;
}
const template = { argv: ['echo', '{item}'], shell: false, outputs: [], environment: new Map<string, string>() };
const flags: RunFlags = { before: [], input: [], sweep: [], output: [], resourceFile: [], env: [], mergeOutput: [], app: [] };

describe('tasks of a run', () => {
  test('have ids that sort, tell what they are and are valid', () => {
    const ids = tasksOf([...Array.from({ length: 10 }, () => item('Ärger & Söhne.txt')), item('…')], template).map(({ id }) => id);
    expect(ids[0]).toBe('01-A-rger-So-hne-txt');
    expect(ids.at(-1)).toBe('11');
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect([...ids].sort()).toEqual(ids);
  });

  test('stay within 64 characters', () => {
    expect(tasksOf([item('x'.repeat(200))], template)[0]?.id).toHaveLength(64);
  });

  test('have the ids that a pattern makes of them', () => {
    expect(tasksOf([item('a'), item('b')], { ...template, taskId: 'cut-{item}-{index}' }).map(({ id }) => id)).toEqual(['cut-a-1', 'cut-b-2']);
  });

  test.each([
    ['cut', '--task-id cut makes cut of a and of B; {index} tells them apart'],
    ['{item}', '--task-id {item} makes "b b" of b b: an id has 1 to 64'],
    ['{stem}', '{stem} stands for nothing here; known are {item} {index}'],
    ['{task}', '{task} stands for nothing here'],
  ])('with ids that are none are refused: %s', (taskId, message) => {
    expect(() => tasksOf([item('a'), item('B'), item('b b')], { ...template, taskId })).toThrow(message);
  });

  test('of a sweep are named after its values', async () => {
    const items = await readItems({ input: [], sweep: ['rate=0.5..1..0.5', 'n=1'] }, async () => '');
    const tasks = tasksOf(items, { ...template, argv: ['model', '{rate}', '{n}'] });
    expect(tasks.map(({ id, commandLine, item: { label } }) => [id, commandLine, label])).toEqual([
      ['1-rate-0-5-n-1', 'model 0.5 1', 'rate=0.5 n=1'],
      ['2-rate-1-n-1', 'model 1 1', 'rate=1 n=1'],
    ]);
  });

  test('have one source', async () => {
    await expect(readItems({ input: [], sweep: ['n=1..2'], items: 'a' }, async () => '')).rejects.toThrow('--items and --sweep exclude each other');
    await expect(readItems({ input: [], sweep: [], items: ' , ' }, async () => '')).rejects.toThrow('--items has no items');
  });

  test('on several nodes have the files of all on each of them, a merge runs alone', () => {
    const { tasks: [task], merge } = planTasks([item('x')], { ...template, merge: { script: 'true', outputs: [] } });
    if (task === undefined || merge === undefined) throw new Error('no task');
    const around = { shared: [{ name: 'prog', url: 'https://in/prog' }], outputUrl: undefined, parts: { writeUrl: 'w', readUrl: 'r' }, mpi: { instances: 3, setup: 'make ready' }, retries: 0 };
    expect(taskBody({ ...task, digest: 'd' }, around).multiInstanceSettings).toEqual({ numberOfInstances: 3, coordinationCommandLine: "/bin/bash -c 'make ready'", commonResourceFiles: [{ filePath: 'prog', httpUrl: 'https://in/prog' }] });
    expect(taskBody({ ...merge, digest: 'm' }, around).multiInstanceSettings).toBeUndefined();
  });

  test('get their values in command, outputs and environment', () => {
    const [task] = tasksOf([item('two words')], { argv: ['run', '{item}'], shell: false, outputs: ['{index}-*.txt'], environment: new Map([['WHAT', '{item}']]) });
    expect(task).toMatchObject({ commandLine: "run 'two words'", outputs: ['1-*.txt'], environment: [{ name: 'WHAT', value: 'two words' }] });
  });

  test('in a shell have their values quoted for the shell', () => {
    const [task] = tasksOf([item("it's; rm -rf /")], { ...template, shell: true, argv: ['echo {item} > out.txt'] });
    expect(task?.commandLine).toBe(String.raw`/bin/bash -c "echo 'it'\"'\"'s; rm -rf /' > out.txt"`);
  });

  test('upload what matches below their id and the number of the pattern', () => {
    const [task] = tasksOf([item('x')], { ...template, outputs: ['*.avi', '../stdout.txt', './a/b.txt', '/tmp/c.txt'] });
    if (task === undefined) throw new Error('no task');
    const body = taskBody({ ...task, digest: 'd' }, { inputUrl: undefined, shared: [], outputUrl: 'https://out?sas', retries: 2, maxTime: 'PT1M' });
    expect(body.outputFiles?.map(({ destination }) => destination.container?.path)).toEqual(['1-x/0/d', '1-x/1/d/stdout.txt', '1-x/2/d/a/b.txt', '1-x/3/d/c.txt']);
    expect(body.constraints).toEqual({ maxTaskRetryCount: 2, maxWallClockTime: 'PT1M' });
  });
});

describe('flags', () => {
  test('give a node of two slots by default, and low-priority nodes alone when those are asked for', () => {
    expect(readFlags(['x'], flags).poolWish).toEqual({ nodes: 1, lowPriorityNodes: 0, slots: 2, vmSize: 'standard_d2s_v3' });
    expect(readFlags(['x'], { ...flags, lowPriorityNodes: 3, vmSize: 'Standard_F8s_v2' }).poolWish).toMatchObject({ nodes: 0, lowPriorityNodes: 3, slots: 8 });
    expect(readFlags(['x'], { ...flags, slots: 30 }).poolWish).toMatchObject({ slots: 30, vmSize: 'standard_d8s_v3' });
  });

  test('give as many nodes as a task takes, one slot each, that talk to each other', () => {
    expect(readFlags(['x'], { ...flags, mpi: 3 }).poolWish).toEqual({ nodes: 3, lowPriorityNodes: 0, slots: 1, vmSize: 'standard_d2s_v3', interNode: true });
  });

  test.each<[string, readonly string[], Partial<RunFlags>, string]>([
    ['no command', [], {}, 'say what to run'],
    ['a pool that exists and nodes', ['x'], { pool: 'p', nodes: 2 }, '--nodes is for a pool that is made'],
    ['a pool that exists and low-priority nodes', ['x'], { pool: 'p', lowPriorityNodes: 2 }, '--low-priority-nodes is for'],
    ['no nodes at all', ['x'], { nodes: 0 }, 'runs nothing'],
    ['a job id that is none', ['x'], { job: 'a b' }, '--job a b'],
    ['an application that is none', ['x'], { app: ['a b:1'] }, '--app a b:1: write ID or ID:VERSION'],
    ['a version that is none', ['x'], { app: ['a:'] }, '--app a:: a version has 1 to 64'],
    ['an application twice', ['x'], { app: ['a', 'b:1', 'b:1'] }, '--app b:1 is given twice'],
    ['a container image that is none', ['x'], { container: 'a b' }, '--container "a b": write an image'],
    ['more slots than one for MPI', ['x'], { mpi: 2, slots: 2 }, '--slots 2: nodes that work on one task'],
    ['fewer nodes than a task takes', ['x'], { mpi: 3, nodes: 2 }, '--mpi 3: the pool has 2 nodes, and each task takes 3'],
    ['a setup without MPI', ['x'], { mpiSetup: 'x' }, '--mpi-setup is for --mpi'],
    ['options of no container', ['x'], { containerOptions: '--rm' }, '--container-options --rm is for --container'],
    ['a variable without a value', ['x'], { env: ['X'] }, 'write NAME=VALUE'],
  ])('%s is refused', (_what, argv, changes, message) => {
    expect(() => readFlags(argv, { ...flags, ...changes })).toThrow(message);
  });

  test.each<[string, Partial<RunFlags>, string]>([
    ['an item', { attach: 'j', items: 'a' }, '--items is for tasks that are made; --attach comes back'],
    ['a pattern', { fetch: 'j', output: ['*'] }, '--output is for tasks that are made; --fetch comes back'],
    ['both', { fetch: 'j', attach: 'j' }, 'exclude each other'],
    ['an id that is none', { fetch: 'a b' }, '--fetch a b: an id has'],
  ])('coming back takes no more than its own: %s', (_what, changes, message) => {
    expect(() => readComeBack([], { ...flags, ...changes })).toThrow(message);
  });

  test('coming back takes no command', () => {
    expect(() => readComeBack(['echo'], { ...flags, attach: 'j' })).toThrow('echo is for tasks that are made');
    expect(readComeBack([], { ...flags, attach: 'j', to: 'x' })).toEqual({ kind: 'attach', options: { jobId: 'j', wait: true, keep: false, keepPool: false, connection: {}, to: 'x' } });
    expect(readComeBack([], { ...flags, rerunFailed: 'j' })).toEqual({ kind: 'rerun', options: { jobId: 'j', keep: false, keepPool: false, connection: {} } });
  });

  test('sizes tell their cores', () => {
    expect(['standard_a1_v2', 'Standard_D4s_v3', 'standard_f16', 'small'].map(coresOf)).toEqual([1, 4, 16, 1]);
    expect([1, 8, 9, 256].map(sizeForSlots)).toEqual(['standard_d2s_v3', 'standard_d2s_v3', 'standard_d4s_v3', 'standard_d64s_v3']);
  });
});

describe('the image of a pool', () => {
  const images: Image[] = supportedImages.map(({ imageReference: { publisher = '', offer = '', sku = '' }, nodeAgentSKUId, osType, verificationType, capabilities = [] }) => ({
    capabilities: [...capabilities],
    imageReference: { publisher, offer, sku, version: 'latest' },
    nodeAgentSKUId,
    osType,
    verificationType,
  }));

  test('is the newest plain Ubuntu', () => {
    expect(chooseImage(images, undefined).nodeAgentSKUId).toBe('batch.node.ubuntu 24.04');
  });

  test('is the newest Ubuntu that runs containers where tasks run in one', () => {
    expect(chooseImage(images, undefined, true).imageReference).toMatchObject({ publisher: 'microsoft-dsvm', offer: 'ubuntu-hpc' });
    expect(() => chooseImage(images.map((image) => ({ ...image, capabilities: [] })), undefined, true)).toThrow('--container: the service has no Linux image');
  });

  test('is the one asked for, in any case, with its node agent', () => {
    expect(chooseImage(images, 'Debian:debian-12:12').nodeAgentSKUId).toBe('batch.node.debian 12');
    expect(chooseImage(images, 'debian:debian-12:12:1.0').imageReference.version).toBe('1.0');
  });

  test('that the service does not have is refused, and near ones are named', () => {
    expect(() => chooseImage(images, 'debian:debian-12:13')).toThrow('debian:debian-12:12');
  });
});

describe('outputs', () => {
  const blob = (name: string): { name: string; bytes: number } => ({ name, bytes: 1 });

  test('land below the directory that their input came from', () => {
    const path = outputPath('1-a', 0, String.raw`holiday/by \train`);
    expect(planDownloads([blob(`${path}/a.avi`), blob(`${outputPath('2-b', 1, '.')}/deep/b.avi`)]).map(({ taskId, pattern, target }) => [taskId, pattern, target])).toEqual([
      ['1-a', 0, String.raw`holiday/by \train/a.avi`],
      ['2-b', 1, 'deep/b.avi'],
    ]);
  });

  test('of the same name from several tasks are kept apart', () => {
    expect(planDownloads([blob('1/0/d/out.txt'), blob('2/0/d/out.txt'), blob('2/0/d/more.txt')]).map(({ target }) => target)).toEqual(['1/out.txt', '2/out.txt', 'more.txt']);
  });

  test('of the same name from several patterns of a task are kept apart', () => {
    expect(planDownloads([blob('1/0/d/x.txt'), blob('1/1/d/x.txt'), blob('2/1/d/x.txt')]).map(({ target }) => target)).toEqual(['1/x.txt', '1/output-2/x.txt', '2/x.txt']);
  });

  test('never leave the directory', () => {
    expect(planDownloads([blob('1/0/d/../../etc/passwd'), blob('1/0/d..%2F..%2Fetc/passwd'), blob('1/0/d%2Fetc/passwd'), blob('1/0/d%'), blob('1/0/d%/x'), blob('1/0'), blob('1/x/d/y'), blob('1')]).map(({ target }) => target)).toEqual([]);
  });
});
