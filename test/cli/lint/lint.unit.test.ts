import { Command } from 'commander';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addLintCommand } from '../../../src/cli/lint/command.ts';
import { lint } from '../../../src/cli/lint/lint.ts';
import { RULES } from '../../../src/cli/lint/rules.ts';

const MACHINE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const GUARDED = '$n = max(0, $PendingTasks.GetSample(1));\n$TargetDedicatedNodes = min(5, $n);';
const POOL = { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: MACHINE, enableAutoScale: true, autoScaleFormula: GUARDED };
const JOB = { id: 'j', poolInfo: { poolId: 'p' } };
const TASK = { id: 't', commandLine: '/bin/true' };
const TWO = [TASK, { ...TASK, id: 'u' }];
const SIGNED = 'https://account.blob.core.windows.net/c/file?sv=2020&sig=abc%3D';
const UPLOADED = { filePattern: '*', destination: { container: { containerUrl: 'https://account.blob.core.windows.net/c', identityReference: { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i' } } }, uploadOptions: { uploadCondition: 'taskcompletion' } };

function listed(count: number, timeOf: (index: number) => string): unknown[] {
  return Array.from({ length: count }, (_, index) => ({ ...TASK, id: `t${index}`, state: 'active', url: 'x', creationTime: timeOf(index) }));
}

function second(index: number): string {
  return `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`;
}

/** Of each rule, what it remarks on and what is much like it and right. */
const CASES: Readonly<Record<string, { readonly wrong: readonly (readonly [file: unknown, message: RegExp])[]; readonly right: readonly unknown[] }>> = {
  formula: {
    wrong: [
      [{ ...POOL, autoScaleFormula: '$TargetDedicatedNodes = 3;' }, /^line 1, column 25 of the formula: .*never scales down/],
      [{ ...POOL, autoScaleFormula: '$x = 1;\n$TargetDedicatedNodes = foo(3);' }, /error in line 2, column 25/],
    ],
    right: [POOL],
  },
  'left-running': {
    wrong: [
      [{ ...POOL, enableAutoScale: false, autoScaleFormula: undefined, targetDedicatedNodes: 2 }, /keeps 2 nodes until someone resizes it, about \d+\.\d\d US dollars a day/],
      [{ ...JOB, poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job', keepAlive: true, pool: { vmSize: 'standard_d2s_v3', virtualMachineConfiguration: MACHINE, targetDedicatedNodes: 1 } } } }, /keeps 1 node/],
    ],
    right: [POOL, { ...JOB, poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job', pool: { vmSize: 'standard_d2s_v3', virtualMachineConfiguration: MACHINE, targetDedicatedNodes: 1 } } } }],
  },
  'never-fits': {
    wrong: [
      [{ pool: { ...POOL, taskSlotsPerNode: 2 }, job: JOB, tasks: [{ ...TASK, requiredSlots: 3 }, TASK] }, /needs 3 slots, and a node of the pool has 2/],
      [{ pool: { ...POOL, enableAutoScale: false, autoScaleFormula: undefined, targetDedicatedNodes: 2, enableInterNodeCommunication: true }, tasks: [{ ...TASK, multiInstanceSettings: { coordinationCommandLine: 'true', numberOfInstances: 3 } }, TASK] }, /needs 3 nodes at a time, and the pool has 2/],
      [{ pool: POOL, tasks: [{ ...TASK, multiInstanceSettings: { coordinationCommandLine: 'true', numberOfInstances: 3 } }] }, /does not say enableInterNodeCommunication/],
      [{ pool: POOL, tasks: [{ ...TASK, containerSettings: { imageName: 'x' } }] }, /no containerConfiguration/],
      [{ tasks: [{ ...TASK, dependsOn: { taskIds: ['gone'] } }, { ...TASK, id: 'u' }] }, /waits for "gone"/],
      [{ job: JOB, tasks: [{ ...TASK, dependsOn: { taskIds: ['u'] } }, { ...TASK, id: 'u' }] }, /usesTaskDependencies/],
      [{ pool: { ...POOL, enableAutoScale: false, autoScaleFormula: undefined, targetLowPriorityNodes: 2 }, job: { ...JOB, jobManagerTask: { id: 'm', commandLine: 'true', allowLowPriorityNode: false } } }, /wants a dedicated node/],
    ],
    right: [
      { pool: { ...POOL, taskSlotsPerNode: 4 }, job: JOB, tasks: [{ ...TASK, requiredSlots: 4 }, { ...TASK, id: 'u' }] },
      { job: { ...JOB, usesTaskDependencies: true }, tasks: [{ ...TASK, dependsOn: { taskIds: ['U'] } }, { ...TASK, id: 'u' }] },
    ],
  },
  'one-task-job': {
    wrong: [
      [{ job: JOB, tasks: [TASK] }, /the job has a single task/],
      [{ jobs: [{ ...JOB, tasks: [TASK] }, { ...JOB, id: 'k', tasks: [TASK] }] }, /2 jobs have a single task each/],
    ],
    right: [{ job: JOB, tasks: TWO }, { job: { ...JOB, jobManagerTask: { id: 'm', commandLine: 'true' } }, tasks: [TASK] }],
  },
  credentials: {
    wrong: [
      [{ ...TASK, resourceFiles: [{ httpUrl: SIGNED, filePath: 'f' }] }, /a resource file's URL holds a shared access signature/],
      [{ ...TASK, outputFiles: [{ ...UPLOADED, destination: { container: { containerUrl: SIGNED } } }] }, /an output file's URL holds/],
      [{ ...TASK, environmentSettings: [{ name: 'DB_PASSWORD', value: 'x' }] }, /the variable DB_PASSWORD holds a secret, by its name/],
      [{ ...TASK, environmentSettings: [{ name: 'STORE', value: `DefaultEndpointsProtocol=https;AccountKey=${'a'.repeat(40)}` }] }, /holds the key of a storage account/],
      [{ ...JOB, commonEnvironmentSettings: [{ name: 'apiKey', value: 'x' }] }, /the variable apiKey/],
      [{ ...TASK, commandLine: `wget ${SIGNED}` }, /the command line holds/],
      [{ ...POOL, startTask: { commandLine: 'true', environmentSettings: [{ name: 'GIT_TOKEN', value: 'x' }] } }, /the variable GIT_TOKEN/],
    ],
    right: [{ ...TASK, resourceFiles: [{ httpUrl: 'https://host/file', filePath: 'f' }], environmentSettings: [{ name: 'MONKEY', value: 'x' }, { name: 'TOKENS', value: '12' }] }],
  },
  'no-shell': {
    wrong: [
      [{ ...TASK, commandLine: 'sort in.txt | uniq' }, /has a pipe/],
      [{ ...TASK, commandLine: 'make && make install' }, /has a list of commands/],
      [{ ...TASK, commandLine: 'echo $AZ_BATCH_TASK_ID' }, /has a variable/],
      [{ ...POOL, startTask: { commandLine: 'apt-get update; apt-get install x' } }, /has several commands/],
    ],
    right: [{ ...TASK, commandLine: `/bin/bash -c 'echo $A | sort && true'` }, { ...TASK, commandLine: `python3 -c 'print(1); print("a|b")'` }, { ...TASK, commandLine: `cmd /c echo %A% && x` }],
  },
  'lost-output': {
    wrong: [
      [{ ...TASK, commandLine: `sh -c 'sort in > out.txt'` }, /writes out\.txt, and no outputFiles/],
      [{ ...TASK, commandLine: 'ffmpeg --output film.mp4 film.avi' }, /writes film\.mp4/],
    ],
    right: [{ ...TASK, commandLine: `sh -c 'sort in > out.txt'`, outputFiles: [UPLOADED] }, { ...TASK, commandLine: `sh -c 'sort in > out && azcopy cp out x'` }, { ...TASK, commandLine: `sh -c 'true 2>&1 >/dev/null'` }],
  },
  'fixed-node-path': {
    wrong: [[{ ...TASK, commandLine: '/mnt/batch/tasks/shared/program' }, /\/mnt\/batch\/tasks\/shared\/program is not there on every node/]],
    right: [{ ...TASK, commandLine: `/bin/sh -c '$AZ_BATCH_NODE_SHARED_DIR/program'` }],
  },
  'no-retries': {
    wrong: [[{ pool: { ...POOL, autoScaleFormula: `${GUARDED}\n$TargetLowPriorityNodes = min(5, $n);` }, job: JOB, tasks: TWO }, /2 tasks have no retry/]],
    right: [
      { pool: POOL, job: JOB, tasks: TWO },
      { pool: { ...POOL, autoScaleFormula: `${GUARDED}\n$TargetLowPriorityNodes = min(5, $n);` }, job: { ...JOB, constraints: { maxTaskRetryCount: 2 } }, tasks: TWO },
    ],
  },
  'one-a-call': {
    wrong: [[{ value: listed(30, second) }, /30 tasks were added one a call/]],
    right: [{ value: listed(30, () => second(1)) }, { value: listed(5, second) }],
  },
  'one-region': {
    wrong: [[{ resources: ['p', 'q'].map((id) => ({ type: 'Microsoft.Batch/batchAccounts/pools', name: `a/${id}`, location: 'West Europe', properties: { vmSize: 'standard_d2s_v3', deploymentConfiguration: { virtualMachineConfiguration: MACHINE }, scaleSettings: { autoScale: { formula: GUARDED } } } })) }, /all 2 pools are in West Europe/]],
    right: [POOL],
  },
};

function text(file: unknown): string {
  return JSON.stringify(file, undefined, 2);
}

test('every rule has its cases', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(RULES.map(({ name }) => name).toSorted());
});

test.each(Object.entries(CASES).flatMap(([rule, { wrong }]) => wrong.map(([file, message]) => [rule, String(message), file, message] as const)))('%s remarks: %s', (rule, _, file, message) => {
  const found = lint('file.json', text(file));
  expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(found.filter((each) => each.rule === rule).map((each) => each.message)).toEqual([expect.stringMatching(message)]);
});

test.each(Object.entries(CASES).flatMap(([rule, { right }]) => right.map((file, index) => [rule, index, file] as const)))('%s has nothing against right file %i', (rule, _, file) => {
  expect(lint('file.json', text(file)).filter((each) => each.rule === rule || each.severity === 'error')).toEqual([]);
});

test('a remark names the line of the value in JSON, in YAML and in the form of a template', () => {
  const tasks = { tasks: [TASK, { ...TASK, id: 'u', environmentSettings: [{ name: 'A', value: 'b' }, { name: 'A_SECRET', value: 'x' }] }] };
  const placeIn = (name: string, content: string): unknown => lint(name, content).filter(({ rule }) => rule === 'credentials' || rule === 'formula').map(({ line, column }) => `${line}:${column}`);
  const json = text(tasks);
  expect(placeIn('file.json', json)).toEqual([`${json.slice(0, json.indexOf('"x"')).split('\n').length}:20`]);
  expect(placeIn('file.yaml', 'tasks:\n- id: t\n  commandLine: a\n- id: u\n  commandLine: b\n  environmentSettings:\n  - {name: A_SECRET, value: x}\n')).toEqual(['7:29']);
  expect(placeIn('pool.yaml', 'properties:\n  vmSize: STANDARD_D2S_V3\n  deploymentConfiguration:\n    virtualMachineConfiguration:\n      imageReference: {publisher: canonical, offer: 0001-com-ubuntu-server-jammy, sku: 22_04-lts}\n      nodeAgentSkuId: batch.node.ubuntu 22.04\n  scaleSettings:\n    autoScale:\n      formula: $TargetDedicatedNodes = 3;\n')).toEqual(['9:16']);
});

test('what the service would refuse is an error with its code, property, line and reason', () => {
  const [found] = lint('file.json', '{\n  "id": "t",\n  "commandLine": "x",\n  "constraints": {"maxTaskRetryCount": -5}\n}');
  expect(found).toMatchObject({ severity: 'error', rule: 'refused', line: 4, column: 40, message: expect.stringContaining('InvalidPropertyValue') });
  expect(lint('file.json', '{"id": "t", "commandLine": "x", "comandLine": "y"}')).toMatchObject([{ rule: 'refused' }]);
  expect(lint('file.json', '{"a": 1}')).toMatchObject([{ rule: 'refused', message: 'this is no pool, job or task' }]);
  expect(lint('file.json', '{"a":\n 1')).toMatchObject([{ rule: 'unreadable', line: 2 }]);
  const bomb = Array.from({ length: 12 }, (_, level) => `l${level}: &l${level} [${Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`)).join(', ')}]`).join('\n');
  expect(lint('file.yaml', bomb)).toMatchObject([{ rule: 'unreadable', line: 1 }]);
});

test('a formula is looked at by the rules of formulas', () => {
  expect(lint('formula.txt', '$TargetDedicatedNodes = 3;')).toMatchObject([{ severity: 'warning', rule: 'never-scales-down', line: 1, column: 25 }]);
  expect(lint('-', '$a = foo(1);')).toMatchObject([{ severity: 'error', rule: 'UnknownFunction', line: 1, column: 6 }]);
});

test('whatever a file holds, it is looked at to its end', () => {
  const names = fc.constantFrom('pool', 'jobs', 'tasks', 'value', 'resources', 'properties', 'vmSize', 'poolInfo', 'commandLine', 'id', 'location', 'type', 'dependsOn', 'environmentSettings', 'creationTime');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 3 }, fc.jsonValue(), fc.string(), fc.array(tie('tree')), fc.dictionary(names, tie('tree'))),
  }));
  fc.assert(fc.property(tree, (value) => lint('file.json', JSON.stringify(value)).every(({ line, column }) => line >= 1 && column >= 1)), { numRuns: 50 });
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (any) => lint('file.yaml', any).every(({ line, column }) => line >= 1 && column >= 1)), { numRuns: 50 });
});

test('the page names every rule with its meaning', () => {
  const page = readFileSync(new URL('../../../docs/lint.md', import.meta.url), 'utf8');
  for (const { name, meaning } of RULES) expect(page).toContain(`| \`${name}\` | ${meaning} |`);
});

async function run(args: readonly string[], content: string): Promise<{ readonly printed: string; readonly failed: boolean }> {
  let printed = '';
  let failed = false;
  const program = new Command().exitOverride();
  addLintCommand(program, { readFile: () => content, write: (line) => (printed += line), fail: () => (failed = true) });
  await program.parseAsync(['node', 'linarite', 'lint', ...args]);
  return { printed, failed };
}

test('the command draws each finding under its line and fails for errors, with --strict for warnings', async () => {
  const pool = '{"id": "p",\n "vmSize": "standard_d2s_v3", "virtualMachineConfiguration": ' + JSON.stringify(MACHINE) + ',\n "targetDedicatedNodes": 1}';
  const { printed, failed } = await run(['pool.json'], pool);
  expect(failed).toBe(false);
  expect(printed).toContain('pool.json:3:26: warning: the pool keeps 1 node');
  expect(printed).toContain('\n  3 |  "targetDedicatedNodes": 1}\n');
  expect(printed).toContain('pool.json: 0 errors, 1 warning\n');
  expect((await run(['pool.json', '--strict'], pool)).failed).toBe(true);
  const json = await run(['pool.json', '--format', 'json'], '{"vmSize": 3}');
  expect(json.failed).toBe(true);
  expect(JSON.parse(json.printed)).toMatchObject({ ok: false, findings: [{ severity: 'error', rule: 'refused', line: 1 }] });
});
