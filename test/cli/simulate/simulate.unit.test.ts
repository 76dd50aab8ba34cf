import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addSimulateCommand } from '../../../src/cli/simulate/command.ts';

const FORMULA = '$TargetLowPriorityNodes = min(8, max(0, $PendingTasks.GetSample(1)));\n$NodeDeallocationOption = taskcompletion;';
const MACHINE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const POOL = { id: 'render', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: MACHINE, enableAutoScale: true, autoScaleFormula: FORMULA, autoScaleEvaluationInterval: 'PT5M', startTask: { commandLine: '/bin/true' } };

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-simulate-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What the command prints. */
async function simulate(...args: string[]): Promise<string> {
  let printed = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addSimulateCommand(program);
  try {
    await program.parseAsync(['simulate', ...args], { from: 'user' });
  } finally {
    out.mockRestore();
  }
  return printed;
}

const LOAD = ['--tasks', '60', '--duration', 'exp(2min)', '--arrival', 'poisson 4/min'] as const;

describe('linarite simulate', () => {
  it('tells what a pool makes of a load, and what it assumed', async () => {
    const printed = await simulate(file('pool.json', POOL), ...LOAD, '--preemption', '20%/h', '--boot', 'uniform(1min, 3min)');
    expect(printed).toMatch(/^render: standard_d2s_v3, 1 slot a node, a formula each 5 min\n60 tasks, seed 1; assumed: a node boots in 1 min to 3 min, start tasks take 30 s, 20\.0 % of low-priority nodes are taken away in an hour\n/);
    for (const row of [/^makespan +\d+ min/m, /^waiting, median +\d/m, /^tasks succeeded +60$/m, /^low-priority node-hours +\d+\.\d+$/m, /^slots in use +\d+\.\d %$/m, /^cost +\$ 0\.\d+$/m]) expect(printed).toMatch(row);
    expect(printed).not.toContain('tasks failed');
  });

  it('gives the same bytes for the same seed, picture included, and others for another', async () => {
    const pool = file('pool.json', POOL);
    const twice = await Promise.resolve().then(async () => [await simulate(pool, ...LOAD, '--format', 'json', '--svg', join(directory, 'a.svg')), await simulate(pool, ...LOAD, '--format', 'json', '--svg', join(directory, 'b.svg'))]);
    expect(twice[1]).toBe(twice[0]);
    expect(readFileSync(join(directory, 'b.svg'), 'utf8')).toBe(readFileSync(join(directory, 'a.svg'), 'utf8'));
    expect(await simulate(pool, ...LOAD, '--format', 'json', '--seed', '2')).not.toBe(twice[0]);
  });

  it('puts two formulas beside each other, with what the second has more', async () => {
    const printed = await simulate(file('pool.json', POOL), '--compare', file('one.txt', '$TargetDedicatedNodes = 1;\n$TargetLowPriorityNodes = 0;'), ...LOAD);
    expect(printed).toMatch(/^ +render +one\.txt +difference$/m);
    expect(printed).toMatch(/^makespan .*\+.* \(\+\d+ %\)$/m);
    expect(printed).toMatch(/^tasks succeeded +60 +60 +same$/m);
    expect(printed).toMatch(/^dedicated nodes, most +0 +1 +\+1$/m);
  });

  it('tells two sizes of one pool apart', async () => {
    const printed = await simulate(file('pool.json', POOL), file('large.json', { ...POOL, vmSize: 'standard_d8s_v3', taskSlotsPerNode: 4 }), ...LOAD, '--format', 'json');
    const { pools } = JSON.parse(printed) as { pools: { name: string; cost: { total: number } }[] };
    expect(pools.map(({ name }) => name)).toEqual(['render (standard_d2s_v3)', 'render (standard_d8s_v3)']);
  });

  it('takes the load of a file', async () => {
    const printed = await simulate(file('pool.json', { ...POOL, enableAutoScale: false, autoScaleFormula: undefined, autoScaleEvaluationInterval: undefined, targetDedicatedNodes: 1 }), '--load', file('load.csv', 'id,arrival,duration,exit\na,0,60,0\nb,30s,PT1M,"1 0"\n'), '--retries', '1', '--boot', '0s', '--start-task', '0s', '--format', 'json');
    const { pools } = JSON.parse(printed) as { pools: { tasks: unknown; makespanMs: number }[] };
    expect(pools[0]?.tasks).toMatchObject({ all: 2, succeeded: 2, retries: 1 });
    expect(pools[0]?.makespanMs).toBeCloseTo(180_000, -3);
  });

  it('counts with prices that are given, and says where it knows none', async () => {
    const fixed = { ...POOL, enableAutoScale: false, autoScaleFormula: undefined, autoScaleEvaluationInterval: undefined, targetDedicatedNodes: 2 };
    const args = [file('pool.json', fixed), '--tasks', '1', '--boot', '0s', '--until', '30min'] as const;
    expect(await simulate(...args, '--price', '1.5')).toMatch(/^cost +\$ 1\.50$/m);
    expect(await simulate(...args, '--region', 'mars')).toMatch(/^cost +unknown$/m);
  });

  it('says what nobody will see run', async () => {
    const printed = await simulate(file('pool.json', { ...POOL, autoScaleFormula: '$TargetDedicatedNodes = 0;' }), '--tasks', '3');
    expect(printed).toMatch(/^of these never started +3$/m);
    expect(printed).toContain('3 tasks never started');
  });

  it('says that nothing is posted to a pool that is tried', async () => {
    const printed = await simulate(file('pool.json', { ...POOL, autoScaleFormula: '$TargetDedicatedNodes = max(1, $Own_queue);' }), '--tasks', '3');
    expect(printed).toContain('the formula reads $Own_queue: what programs post is not simulated, and it has no samples');
  });

  it('draws a picture with axes and legend that follows light and dark', async () => {
    const svg = join(directory, 'picture.svg');
    await simulate(file('pool.json', { ...POOL, id: 'a' }), '--compare', file('b.txt', FORMULA), ...LOAD, '--svg', svg);
    const text = readFileSync(svg, 'utf8');
    expect(text).toMatch(/^<svg xmlns/);
    for (const part of ['prefers-color-scheme:dark', 'time since the beginning', '>nodes<', '>tasks<', '>a<', '>b.txt<', '>b.txt, target<', 'Tasks that wait', 'Tasks that run', ' min</text>']) expect(text).toContain(part);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text.length).toBeLessThan(60_000);
  });

  it.each([
    [['POOL'], 'give one load'],
    [['POOL', '--tasks', '1', '--load', 'x.csv'], 'not several'],
    [['POOL', '--load', 'x.csv', '--duration', '1s'], '--duration is of tasks that are made up'],
    [['POOL', '--tasks', '1', '--duration', 'soon'], '--duration soon: write 30s, exp(30s)'],
    [['POOL', '--tasks', '1', '--arrival', 'now'], '--arrival now: write all'],
    [['POOL', '--tasks', '1', '--slots', '0'], '--slots 0: write a whole number from 1 to 256'],
    [['POOL', '--tasks', '1', '--failures', '101%'], '--failures 101%: write a share'],
    [['POOL', '--tasks', '1', '--preemption', '100%/h'], '--preemption 100%/h: write a rate below 100%'],
    [['POOL', '--tasks', '1', '--until', '0s'], '--until 0s: write a time above 0'],
    [['POOL', '--tasks', '1', '--start', 'monday'], '--start monday: write a moment'],
    [['POOL', '--tasks', '1', '--price', '-1'], '--price -1: write a number of dollars'],
    [['--tasks', '1'], 'give a pool definition'],
    [['POOL', 'POOL', '--compare', 'POOL', '--tasks', '1'], 'two pools can be compared, not more'],
    [['/nowhere.json', '--tasks', '1'], '/nowhere.json: ENOENT'],
    [['POOL', '--load', '/nowhere.csv'], '/nowhere.csv: ENOENT'],
    [['POOL', '--tasks', '1', '--svg', '/nowhere/a.svg'], '/nowhere/a.svg cannot be written'],
  ])('refuses %j', async (args, message) => {
    const pool = file('pool.json', POOL);
    await expect(simulate(...args.map((arg) => (arg === 'POOL' ? pool : arg)))).rejects.toThrow(message);
  });

  it('refuses bad definitions and formulas in the words of the service, with their places', async () => {
    await expect(simulate(file('bad.json', '{"id": "a",}'), '--tasks', '1')).rejects.toThrow(/bad\.json: not JSON/);
    await expect(simulate(file('bad.json', { ...POOL, vmSize: 'standard_d3_v3' }), '--tasks', '1')).rejects.toThrow(/bad\.json: InvalidPropertyValue: vmSize standard_d3_v3: /);
    await expect(simulate(file('bad.json', { ...POOL, autoScaleFormula: '$TargetDedicatedNodes = 1;\n$x = foo(3);' }), '--tasks', '1')).rejects.toThrow(/render:2:6: error: there is no such function/);
    await expect(simulate(file('pool.json', POOL), '--compare', file('bad.txt', '$x = 1 +;'), '--tasks', '1')).rejects.toThrow(/bad\.txt:1:\d+: error/);
  });
});
