import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TaskSeen } from '../../../src/cli/run/account/batchAccount.ts';
import { patternsOf, taskBody } from '../../../src/cli/run/plan/bodies.ts';
import { dependenciesOn, taskFinder } from '../../../src/cli/run/plan/dependencies.ts';
import { DIGEST_VARIABLE, digestOf, hashFiles, type Decisive, type DigestedTask } from '../../../src/cli/run/plan/digest.ts';
import { freeId } from '../../../src/cli/run/plan/names.ts';
import { planTasks, type PlannedTask, type TaskTemplate } from '../../../src/cli/run/plan/plan.ts';
import { planSubmission } from '../../../src/cli/run/plan/submission.ts';
import { blockedTasks } from '../../../src/cli/run/watch/blocked.ts';

const template: TaskTemplate = { argv: ['echo', '{item}', '{task}'], shell: false, outputs: [], environment: new Map() };

function item(text: string): PlannedTask['item'] {
  return { label: text, values: new Map([['item', text]]) };
}

/** A task of a job, with the digest of what it does. */
function seen(id: string, digest: string, how: 'success' | 'failure' | 'running'): TaskSeen {
  return { id, environmentSettings: [{ name: DIGEST_VARIABLE, value: digest }], ...(how === 'running' ? { state: 'running' } : { state: 'completed', executionInfo: { result: how, retryCount: 0, requeueCount: 0 } }) };
}

describe('the tasks that --depends-on names', () => {
  const find = taskFinder(['1', '2', '3', '10', '007', 'cut-a', 'cut-b', '1-2', 'Join'], 'j');
  test.each([
    ['cut-a', ['cut-a']],
    ['JOIN, 1', ['Join', '1']],
    ['cut-*', ['cut-a', 'cut-b']],
    ['cut-?', ['cut-a', 'cut-b']],
    ['2-10', ['2', '3', '10']],
    ['1-2', ['1-2']],
    ['cut-a,cut-*', ['cut-a', 'cut-b']],
    ['*', ['1', '2', '3', '10', '007', 'cut-a', 'cut-b', '1-2', 'Join']],
  ])('%s are %j', (text, ids) => {
    expect(find(text)).toEqual(ids);
  });

  test.each([
    ['cut-c', '--depends-on cut-c: the job j has no such task; it has 1, 2, 3, 10, 007, cut-a, cut-b, 1-2, …'],
    ['20-30', '--depends-on 20-30: the job j has no such task'],
    ['a.*', '--depends-on a.*: the job j has no such task'],
    [' , ', 'names no task'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => find(text)).toThrow(message);
  });

  test('are ranges where they are numbers in a row', () => {
    expect(dependenciesOn(['9', '3', '1', '2', '007', 'x', '12', '13'], '--merge')).toEqual({ taskIds: ['9', '007', 'x', '12', '13'], taskIdRanges: [{ start: 1, end: 3 }] });
    const all = Array.from({ length: 100_000 }, (_, index) => String(index + 1));
    expect(dependenciesOn(all, '--merge')).toEqual({ taskIdRanges: [{ start: 1, end: 100_000 }] });
  });

  test('that a task body has no room for are refused', () => {
    const ids = Array.from({ length: 1001 }, (_, index) => `x${index}`.padEnd(64, 'y'));
    expect(dependenciesOn(ids.slice(1), '--merge').taskIds).toHaveLength(1000);
    expect(() => dependenciesOn(ids, '--merge')).toThrow("--merge: the ids of 1001 tasks have 64064 characters");
  });
});

describe('a merge', () => {
  const merge = { script: 'cat parts/*/stdout.txt', outputs: ['all.txt'] };

  test('of ten thousand tasks depends on a range of numbers', () => {
    const planned = planTasks(Array.from({ length: 10_000 }, (_, index) => item(`clip-${index}`)), { ...template, merge });
    const digested = planned.tasks.map((task) => ({ ...task, digest: task.id }));
    const { tasks } = planSubmission({ jobId: 'j', template: { ...template, merge }, tasks: digested, merge: { ...mergeOf(planned.merge), digest: 'm' }, resume: false, seen: [] });
    expect(tasks[0]?.id).toBe('1');
    expect(tasks.at(-1)).toMatchObject({ id: 'merge', waitsFor: { taskIdRanges: [{ start: 1, end: 10_000 }] } });
  });

  test('whose dependencies have no room is refused before anything is made', () => {
    expect(() => planTasks(Array.from({ length: 2000 }, (_, index) => item(`clip-${index}`)), { ...template, merge, taskId: 'a-name-that-is-rather-long-{item}' })).toThrow("--task-id '{index}'");
  });

  test('has a free id, and of the environment what is the same for all', () => {
    const { merge: planned } = planTasks([item('merge')], { ...template, taskId: '{item}', merge, environment: new Map([['A', 'all'], ['B', '{item}'], ['C', '{{item}}']]) });
    expect(planned).toMatchObject({ id: 'merge-2', commandLine: "/bin/bash -c 'cat parts/*/stdout.txt'", environment: [{ name: 'A', value: 'all' }, { name: 'C', value: '{item}' }] });
  });

  test('gets what tasks put out, or what they wrote to stdout', () => {
    const parts = { writeUrl: 'https://parts?w', readUrl: 'https://parts?r' };
    const around = { shared: [], outputUrl: 'https://out', parts, retries: 0 };
    const bodyOf = (outputs: readonly string[]): ReturnType<typeof taskBody> => {
      const [task] = planTasks([item('x')], { ...template, outputs, merge }).tasks;
      if (task === undefined) throw new Error('no task');
      return taskBody({ ...task, digest: 'd' }, around);
    };
    expect(bodyOf([]).outputFiles?.map(({ filePattern, destination }) => [filePattern, destination.container])).toEqual([['../stdout.txt', { containerUrl: 'https://parts?w', path: '1-x/stdout.txt' }]]);
    expect(bodyOf(['*.avi']).outputFiles?.map(({ destination }) => destination.container)).toEqual([{ containerUrl: 'https://out', path: '1-x/0/d' }, { containerUrl: 'https://parts?w', path: '1-x' }]);
    expect(patternsOf(bodyOf(['*.avi', 'b.txt']))).toEqual(['*.avi', 'b.txt']);
    expect(patternsOf(bodyOf([]))).toEqual([]);
    expect(taskBody({ ...mergeOf(planTasks([item('x')], { ...template, merge }).merge), digest: 'm' }, around).resourceFiles).toEqual([{ filePath: 'parts', storageContainerUrl: 'https://parts?r' }]);
  });
});

function mergeOf(planned: PlannedTask | undefined): PlannedTask {
  if (planned === undefined) throw new Error('no merge was planned');
  return planned;
}

describe('the digest of a task', () => {
  const task: PlannedTask = { id: '1-x', item: { label: 'x', values: new Map(), file: { path: 'in/x', name: 'x', directory: '.' } }, commandLine: 'run x', outputs: ['*'], environment: [{ name: 'A', value: '1' }] };
  const decisive: Decisive = { shared: [{ name: 's', source: { kind: 'url', url: 'https://h/s?sig=1' } }, { name: 'm', source: { kind: 'local', path: 'm' } }], contents: new Map([['in/x', 'aa'], ['m', 'bb']]), settings: { image: 'a:b:c', startTask: undefined } };
  const digest = digestOf(task, decisive);

  test.each<[string, PlannedTask, Decisive]>([
    ['its id', { ...task, id: '2-x' }, decisive],
    ['where its input lies', { ...task, item: { ...task.item, file: { path: 'm2', name: 'x', directory: 'd' } } }, { ...decisive, contents: new Map([...decisive.contents, ['m2', 'aa']]) }],
    ['the signature of a URL', task, { ...decisive, shared: [{ name: 's', source: { kind: 'url', url: 'https://h/s?sig=2' } }, ...decisive.shared.slice(1)] }],
    ['what is not set', task, { ...decisive, settings: { image: 'a:b:c' } }],
  ])('is the same whatever %s', (_what, changed, others) => {
    expect(digestOf(changed, others)).toBe(digest);
  });

  test.each<[string, PlannedTask, Decisive]>([
    ['its command', { ...task, commandLine: 'run y' }, decisive],
    ['its environment', { ...task, environment: [{ name: 'A', value: '2' }] }, decisive],
    ['its output patterns', { ...task, outputs: [] }, decisive],
    ['the content of its input', task, { ...decisive, contents: new Map([['in/x', 'ab'], ['m', 'bb']]) }],
    ['the content of a file that all get', task, { ...decisive, contents: new Map([['in/x', 'aa'], ['m', 'b']]) }],
    ['a URL', task, { ...decisive, shared: [{ name: 's', source: { kind: 'url', url: 'https://h/t?sig=1' } }, ...decisive.shared.slice(1)] }],
    ['the image', task, { ...decisive, settings: { image: 'a:b:d' } }],
  ])('is another one with %s', (_what, changed, others) => {
    expect(digestOf(changed, others)).not.toBe(digest);
  });
});

describe('a run that is submitted again', () => {
  const planned = (...digests: string[]): DigestedTask[] => planTasks(digests.map(item), template).tasks.map((task, index) => ({ ...task, digest: digests[index] ?? '' }));
  const submit = (digests: string[], tasks: readonly TaskSeen[]): readonly (readonly [string, string])[] =>
    planSubmission({ jobId: 'j', template, tasks: planned(...digests), merge: undefined, resume: true, seen: tasks }).tasks.map(({ id, found }) => [id, found]);

  test('leaves what succeeded, waits for what runs, runs again what failed, and adds the rest under free ids', () => {
    expect(submit(['a', 'b', 'c', 'd', 'e'], [seen('9-a', 'a', 'success'), seen('2-b', 'b', 'running'), seen('3-c', 'c', 'failure'), seen('4-D', 'old', 'success')])).toEqual([
      ['9-a', 'succeeded'],
      ['2-b', 'underWay'],
      ['3-c', 'failed'],
      ['4-d-2', 'missing'],
      ['5-e', 'missing'],
    ]);
  });

  test('takes each task of the job for one of its own alone, the furthest first', () => {
    expect(submit(['a', 'a', 'a'], [seen('x', 'a', 'failure'), seen('y', 'a', 'success')])).toEqual([['y', 'succeeded'], ['x', 'failed'], ['3-a', 'missing']]);
  });

  test('says a new id where the command has a placeholder for it, and keeps the digest', () => {
    const { tasks, total } = planSubmission({ jobId: 'j', template, tasks: planned('a'), merge: undefined, resume: true, seen: [seen('1-a', 'old', 'success')] });
    expect(tasks).toMatchObject([{ id: '1-a-2', commandLine: 'echo a 1-a-2', digest: 'a' }]);
    expect(total).toBe(2);
  });

  test('never depends on its own tasks', () => {
    const waiting = { ...template, dependsOn: '*' };
    const tasks = planTasks([item('a')], waiting).tasks.map((task) => ({ ...task, digest: 'a' }));
    expect(planSubmission({ jobId: 'j', template: waiting, tasks, merge: undefined, resume: true, seen: [seen('1-a', 'a', 'failure'), seen('before', 'b', 'success')] }).tasks[0]?.waitsFor).toEqual({ taskIds: ['before'] });
  });

  test('ids stay within their bound', () => {
    expect(freeId('x'.repeat(64), new Set(['x'.repeat(64)]))).toBe(`${'x'.repeat(62)}-2`);
  });
});

describe('tasks that wait for ever', () => {
  const waits = (id: string, dependsOn: TaskSeen['dependsOn']): TaskSeen => ({ id, state: 'active', ...(dependsOn === undefined ? {} : { dependsOn }) });

  test('are those behind a failure, however far', () => {
    const tasks = [seen('5', 'd', 'failure'), seen('ok', 'd', 'success'), waits('a', { taskIds: ['OK'] }), waits('b', { taskIdRanges: [{ start: 1, end: 9 }] }), waits('c', { taskIds: ['ok', 'B'] }), waits('d', undefined)];
    expect([...blockedTasks(tasks)]).toEqual(['b', 'c']);
  });

  test('are not those that may go on after it', () => {
    const tasks: TaskSeen[] = [{ ...seen('5', 'd', 'failure'), exitConditions: { default: { dependencyAction: 'satisfy' } } }, waits('a', { taskIds: ['5'] })];
    expect([...blockedTasks(tasks)]).toEqual([]);
  });
});

describe('files that are read', () => {
  test('are told by their content, and said to be read where that takes a while', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'linarite-hash-'));
    const [small, long] = [join(directory, 'small'), join(directory, 'long')];
    await writeFile(small, 'x');
    const said: string[] = [];
    const hashes = await hashFiles([small], (text) => void said.push(text));
    expect([hashes.get(small), said]).toEqual(['2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881', []]);
    // It takes no room, and is not read.
    await writeFile(long, '');
    await truncate(long, 1_000_000_000);
    const stop = (text: string): never => {
      throw new Error(text);
    };
    await expect(hashFiles([small, long], stop)).rejects.toThrow('reading 2 files');
    await expect(hashFiles([join(directory, 'none')], stop)).rejects.toThrow('there is no such file');
    await rm(directory, { recursive: true });
  });
});
