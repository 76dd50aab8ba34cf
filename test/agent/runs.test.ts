import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomeOf } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

describe('a task on a node', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  const file = (task: string, path: string): string => readFileSync(join(node.root, 'workitems/job1/job-1', task, path), 'utf8');

  test('runs in its working directory and leaves stdout.txt and stderr.txt beside it', async () => {
    const end = await node.owner.run({ task: 'hello', commandLine: `/bin/sh -c 'pwd; echo problem >&2; echo made > made.txt'` });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(end.startedAt).toBeLessThanOrEqual(end.endedAt);
    expect(file('hello', 'stdout.txt')).toBe(`${node.root}/workitems/job1/job-1/hello/wd\n`);
    expect(file('hello', 'stderr.txt')).toBe('problem\n');
    expect(file('hello', 'wd/made.txt')).toBe('made\n');
    expect(existsSync(join(node.root, 'workitems/job1/job-1/hello/certs'))).toBe(true);
  });

  test.each([
    ['exit 3', 3],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
    ['exit 126', 126],
    ['exit 127', 127],
    ['echo own words >&2; exit 127', 127],
    [`trap "exit 7" TERM; kill 0; exit 8`, 7],
    ['kill -KILL 0', 137],
  ])('that does `%s` exits with %i', async (script, exitCode) => {
    expect(await outcomeOf(node.owner.run({ commandLine: `/bin/sh -c '${script}'` }))).toEqual({ kind: 'exited', exitCode });
  });

  test('sees the variables of Batch, its own over them only where they are its own', async () => {
    await node.owner.run({
      task: 'environment',
      commandLine: 'env -0',
      environment: [
        { name: 'AZ_BATCH_POOL_ID', value: 'another' },
        { name: 'GREETING', value: `it's "new"\nand $HOME \\ old` },
        { name: '-S', value: 'an option?' },
        { name: 'odd.name', value: 'kept' },
        { name: 'IFS', value: 'x' },
      ],
    });
    const seen = new Map(file('environment', 'stdout.txt').split('\0').filter(Boolean).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
    const directory = join(node.root, 'workitems/job1/job-1/environment');
    expect(Object.fromEntries(seen)).toMatchObject({
      AZ_BATCH_ACCOUNT_NAME: 'acct',
      AZ_BATCH_POOL_ID: 'pool1',
      AZ_BATCH_NODE_ID: 'tvmps_0000_d',
      AZ_BATCH_NODE_IS_DEDICATED: 'true',
      AZ_BATCH_NODE_ROOT_DIR: node.root,
      AZ_BATCH_NODE_SHARED_DIR: join(node.root, 'shared'),
      AZ_BATCH_NODE_STARTUP_DIR: join(node.root, 'startup'),
      AZ_BATCH_NODE_MOUNTS_DIR: join(node.root, 'fsmounts'),
      AZ_BATCH_JOB_ID: 'job1',
      AZ_BATCH_TASK_ID: 'environment',
      AZ_BATCH_TASK_DIR: directory,
      AZ_BATCH_TASK_WORKING_DIR: join(directory, 'wd'),
      AZ_BATCH_CERTIFICATES_DIR: join(directory, 'certs'),
      GREETING: `it's "new"\nand $HOME \\ old`,
      'odd.name': 'kept',
      '-S': 'an option?',
      IFS: 'x',
      HOME: join(directory, 'wd'),
    });
    expect([...seen.keys()].filter((name) => /LINARITE_AGENT|SECRET|OLDPWD/.test(name))).toEqual([]);
  });

  test.each([
    ['no-such-program -v', 'CommandProgramNotFound'],
    ['/no/such/program', 'CommandProgramNotFound'],
    ['/etc/passwd', 'CommandLaunchFailed'],
    ['', 'CommandLaunchFailed'],
    [`/bin/echo 'never closed`, 'CommandLaunchFailed'],
  ])('`%s` is %s and nothing has run', async (commandLine, code) => {
    const outcome = await outcomeOf(node.owner.run({ commandLine }));
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { category: 'UserError', code } });
  });

  test.each([
    ['cmd /c echo hello', 'CommandProgramNotFound', 'cmd'],
    ['CMD.EXE /c dir', 'CommandProgramNotFound', 'CMD.EXE'],
    ['tool.exe -v', 'CommandProgramNotFound', 'tool.exe'],
    ['C:\\tools\\new\\run.bat 1', 'CommandProgramNotFound', 'C:\\tools\\new\\run.bat'],
    ['"C:\\Program Files\\x.cmd" 1', 'CommandProgramNotFound', 'C:\\Program Files\\x.cmd'],
    ['./run.bat', 'CommandLaunchFailed', './run.bat'],
    ['./real.exe', 'CommandLaunchFailed', './real.exe'],
  ])('`%s` is %s, for it is a program for Windows, and nothing has run', async (commandLine, code, name) => {
    const make = async (file: string, text: string): Promise<void> => {
      await node.owner.run({ task: 'windows', commandLine: `/bin/sh -c 'printf "${text}" > ${file}; chmod 770 ${file}'` });
    };
    await make('run.bat', 'echo ran > $AZ_BATCH_NODE_SHARED_DIR/windows\\r\\n');
    await make('real.exe', 'MZ\\220');
    const outcome = await outcomeOf(node.owner.run({ task: 'windows', commandLine }));
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { category: 'UserError', code, details: [{ name: 'Message', value: expect.stringContaining(`${name} is a program for Windows`) }] } });
    expect(existsSync(join(node.root, 'shared/windows'))).toBe(false);
  });

  test('runs a program of Linux whose name ends as one for Windows', async () => {
    await node.owner.run({ task: 'named', commandLine: `/bin/sh -c 'printf "#!/bin/sh\\nexit 5\\n" > run.cmd; cp /bin/true true.exe; chmod 770 run.cmd true.exe'` });
    expect(await outcomeOf(node.owner.run({ task: 'named', commandLine: './run.cmd' }))).toEqual({ kind: 'exited', exitCode: 5 });
    expect(await outcomeOf(node.owner.run({ task: 'named', commandLine: './true.exe' }))).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('that names its program at length is answered in short', async () => {
    const outcome = await outcomeOf(node.owner.run({ commandLine: 'x'.repeat(60_000) }));
    expect(outcome).toMatchObject({ failure: { code: 'CommandProgramNotFound', details: [{ value: expect.stringMatching(/^No such file or directory: x{900,1000}…$/) }] } });
  });

  test('starts a program whose interpreter is missing: CommandLaunchFailed, and stderr.txt stays empty', async () => {
    await node.owner.run({ task: 'maker', commandLine: `/bin/sh -c 'printf "#!/no/such/interpreter\\n" > $AZ_BATCH_NODE_SHARED_DIR/script; chmod 755 $AZ_BATCH_NODE_SHARED_DIR/script'` });
    const outcome = await outcomeOf(node.owner.run({ task: 'broken', commandLine: join(node.root, 'shared/script') }));
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandLaunchFailed' } });
    expect(statSync(join(node.root, 'workitems/job1/job-1/broken/stderr.txt')).size).toBe(0);
  });
});
