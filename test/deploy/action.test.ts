import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Finished, freePort, linarite, mustRun, run } from '../support/linarite.ts';
import { LINUX, smallClient } from '../support/smallClient.ts';

const ACTION = resolve(import.meta.dirname, '../../action');
/** What a runner has in its environment besides what its steps set. */
const RUNNER = { PATH: process.env['PATH'], HOME: process.env['HOME'], LANG: 'C.UTF-8' };

interface Step {
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

function actionAt(path: string): Action {
  return parse(readFileSync(join(ACTION, path), 'utf8')) as Action;
}

/** A job of GitHub's: a clean directory, and files by which steps tell of variables and results. */
class Job {
  readonly directory = mkdtempSync(join(tmpdir(), 'linarite-action-'));
  readonly #files = Object.fromEntries(['GITHUB_ENV', 'GITHUB_OUTPUT', 'GITHUB_PATH', 'GITHUB_STEP_SUMMARY'].map((name) => [name, join(this.directory, name)]));
  readonly #temp = join(this.directory, 'temp');

  constructor() {
    chmodSync(this.directory, 0o711);
    mkdirSync(this.#temp);
    mkdirSync(join(this.directory, 'work'));
    for (const path of Object.values(this.#files)) writeFileSync(path, '');
  }

  /** The steps of an action that are scripts, with these inputs, in the shell that a runner takes. */
  async steps(path: string, inputs: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    const action = actionAt(join(path, 'action.yml'));
    const words = (text: string): string => text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, name: string) => inputs[name] ?? action.inputs[name]?.default ?? `no input ${name}`);
    let last: Finished = { code: 0, stdout: '', stderr: '' };
    for (const step of action.runs.steps.filter((one) => one.run !== undefined)) {
      const given = Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, words(value)]));
      last = await this.shell(step.run ?? '', { GITHUB_ACTION_PATH: join(ACTION, path), ...given, ...env });
      if (last.code !== 0) break;
    }
    return last;
  }

  /** A step of the user's own. */
  shell(script: string, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    const path = [...this.read('GITHUB_PATH').split('\n').filter((line) => line !== '').toReversed(), RUNNER.PATH].join(':');
    const clean = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
    return run('/bin/bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], { cwd: join(this.directory, 'work'), env: { ...clean, ...RUNNER, PATH: path, RUNNER_TEMP: this.#temp, ...this.#files, ...this.variables(), ...env }, timeoutMs: 180_000 });
  }

  variables(): Readonly<Record<string, string>> {
    return pairsIn(this.read('GITHUB_ENV'));
  }
  read(name: string): string {
    return readFileSync(this.#files[name] ?? name, 'utf8');
  }
  async end(): Promise<void> {
    const dataDir = join(this.#temp, 'linarite-data');
    if (existsSync(dataDir)) await linarite(['down', '--purge', '--data-dir', dataDir]);
    await rm(this.directory, { recursive: true, force: true });
  }
}

function pairsIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(text.split('\n').flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])));
}

let job: Job;
beforeEach(() => {
  job = new Job();
});
afterEach(() => job.end(), 60_000);

describe('the action, by its own steps in a clean directory', () => {
  test('starts a service, exports its variables, and collects log and report of a job that failed', async () => {
    const seed = join(job.directory, 'work', 'seed.yaml');
    writeFileSync(seed, 'storage: [{container: inputs}]\n');
    const started = await job.steps('', { port: String(await freePort()), seed: 'seed.yaml', options: "--log-level 'debug'" });
    expect(started, started.stderr).toMatchObject({ code: 0 });
    const env = job.variables();
    const { AZURE_BATCH_ENDPOINT: endpoint = '', AZURE_BATCH_ACCOUNT: account = '', AZURE_BATCH_ACCESS_KEY: key = '', AZURE_STORAGE_CONNECTION_STRING: storage = '' } = env;
    expect(pairsIn(job.read('GITHUB_OUTPUT'))).toEqual({ endpoint, account, 'management-endpoint': env['LINARITE_MANAGEMENT_ENDPOINT'], 'ca-file': env['LINARITE_CA_FILE'], 'data-dir': env['LINARITE_DATA_DIR'] });
    for (const secret of [key, storage, env['AZURE_STORAGE_KEY']]) expect(started.stdout.split('\n')).toContain(`::add-mask::${secret}`);
    expect(started.stdout, 'no link that signs a browser in').not.toContain('/linarite/session');

    const client = smallClient(endpoint, account, key);
    await client.call('POST', '/pools', { id: 'pool', ...LINUX, targetDedicatedNodes: 1 });
    await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'pool' } });
    await client.call('POST', '/jobs/job/tasks', { id: 'broken', commandLine: "/bin/sh -c 'echo what went wrong >&2; exit 7'" });
    client.close();
    const waited = await job.shell('linarite task wait job');
    expect([waited.code, (await job.shell('linarite status')).code]).toEqual([1, 0]);

    const collected = await job.steps('report', {});
    expect(collected, collected.stderr).toMatchObject({ code: 0 });
    const { directory = '' } = pairsIn(job.read('GITHUB_OUTPUT'));
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(files).toEqual(['jobs', 'jobs.txt', 'jobs/job.failed.txt', 'jobs/job.html', 'pools.txt', 'service.log', 'status.txt']);
    expect(readFileSync(join(directory, 'jobs/job.html'), 'utf8')).toContain('what went wrong');
    expect(readFileSync(join(directory, 'service.log'), 'utf8')).toContain('taskId=broken');
    for (const file of files.filter((name) => /\.\w+$/.test(name))) expect(readFileSync(join(directory, file), 'utf8'), file).not.toContain(key);
    expect(job.read('GITHUB_STEP_SUMMARY')).toMatch(/^### Linarite: 1 job\n[^]*broken/);
    expect((await job.shell('linarite status')).code, 'it has ended').toBe(3);
  }, 300_000);

  test('says what is missing: Node.js, a newer one, a seed, a free port, a step that starts it', async () => {
    const programs = join(job.directory, 'programs');
    mkdirSync(programs);
    for (const name of ['bash', 'dirname', 'uname', 'tr']) symlinkSync((await mustRun('/bin/sh', ['-c', `command -v ${name}`])).stdout.trim(), join(programs, name));
    const errorOf = ({ code, stdout }: Finished): readonly [number | null, string] => [code, /^::error title=Linarite::(.*)$/m.exec(stdout)?.[1] ?? stdout];
    expect(errorOf(await job.steps('', {}, { PATH: programs }))).toEqual([1, 'Node.js 20.19 or newer is missing: set node-version, or install it in a step before']);
    writeFileSync(join(programs, 'node'), '#!/bin/bash\necho v18.20.4\n', { mode: 0o755 });
    expect(errorOf(await job.steps('', {}, { PATH: programs }))).toEqual([1, 'Node.js 20.19 or newer is needed, this is v18.20.4: set node-version']);
    expect(errorOf(await job.steps('', { seed: 'none.yaml' }))).toEqual([1, 'the seed none.yaml is not there: check the repository out in a step before']);
    expect(errorOf(await job.steps('', { port: 'http' }))).toEqual([1, 'port is no number: http']);
    expect(errorOf(await job.steps('', {}, { RUNNER_TEMP: '/none' }))).toEqual([1, '/none is no directory that may be written to: it is where the service is installed and has its data']);
    expect(errorOf(await job.steps('report', {}))).toEqual([1, 'LINARITE_DATA_DIR is not set: a step before has to start the service (start.sh), in the same job']);
    const taken = await job.steps('', { port: '1', options: '--host 192.0.2.1' });
    expect(errorOf(taken)).toEqual([1, 'the service did not start, for the reason above']);
    expect(taken.stderr).toMatch(/192\.0\.2\.1|port/);
  }, 120_000);

  test('hands its own inputs and outputs on, all of them', () => {
    const { inputs, outputs, runs } = actionAt('action.yml');
    const text = JSON.stringify(runs.steps);
    for (const name of Object.keys(inputs)) expect(text, name).toContain(`inputs.${name}`);
    const script = readFileSync(join(ACTION, 'start.sh'), 'utf8');
    for (const [name, { value }] of Object.entries(outputs)) {
      expect(value).toBe(`\${{ steps.start.outputs.${name} }}`);
      expect(script).toContain(`result ${name} `);
    }
    for (const name of Object.keys(runs.steps.find((step) => step.run !== undefined)?.env ?? {})) expect(script, name).toContain(name);
  });
});

describe('the same scripts elsewhere', () => {
  test('in Azure Pipelines tell of variables, paths and errors by lines of their output', async () => {
    const azure = { TF_BUILD: 'True', GITHUB_ENV: undefined, AGENT_TEMPDIRECTORY: join(job.directory, 'temp') };
    const started = await job.steps('', { port: String(await freePort()) }, azure);
    expect(started, started.stderr).toMatchObject({ code: 0 });
    const variables = new Map([...started.stdout.matchAll(/^##vso\[task\.setvariable variable=(\w+)\](.*)$/gm)].map(([, name, value]) => [name, value]));
    expect(started.stdout).toMatch(/^##vso\[task\.prependpath\]\/.*linarite-program$/m);
    const collected = await job.steps('report', {}, { ...azure, ...Object.fromEntries(variables) });
    expect(collected.stdout).toContain(`collected 0 jobs in ${join(job.directory, 'temp', 'linarite-report')}`);
    expect((await job.steps('report', {}, azure)).stdout).toMatch(/^##vso\[task\.logissue type=error\]Linarite: LINARITE_DATA_DIR is not set/m);
    const template = parse(readFileSync(join(ACTION, 'azure-pipelines.yml'), 'utf8')) as { readonly steps: readonly (Step & { readonly bash?: string })[] };
    expect(template.steps.flatMap(({ bash }) => /\/action\/(\w+\.sh)/.exec(bash ?? '')?.[1] ?? [])).toEqual(['start.sh', 'collect.sh']);
  }, 180_000);

  test('in GitLab leave a file that later lines of the job take in', async () => {
    const gitlab = { GITHUB_ENV: undefined, RUNNER_TEMP: undefined, TMPDIR: join(job.directory, 'temp'), LINARITE_ENV_FILE: join(job.directory, 'linarite.env'), LINARITE_ACTION_PORT: String(await freePort()) };
    expect(await job.shell(`${ACTION}/start.sh && . "$LINARITE_ENV_FILE" && linarite pool list -o json`, gitlab)).toMatchObject({ code: 0, stdout: expect.stringMatching(/\[\]\s*$/) as string });
    expect(await job.shell(`${ACTION}/collect.sh`, { ...gitlab, LINARITE_REPORT_DIR: join(job.directory, 'report') })).toMatchObject({ code: 0 });
    expect(readdirSync(join(job.directory, 'report'))).toContain('service.log');
    const { '.linarite': hidden } = parse(readFileSync(join(ACTION, 'gitlab.yml'), 'utf8')) as { readonly '.linarite': { readonly before_script: readonly string[]; readonly after_script: readonly string[] } };
    expect(hidden.before_script.join('\n')).toContain('/linarite/action/start.sh');
    expect(hidden.after_script.join('\n')).toContain('/linarite/action/collect.sh');
  }, 180_000);

  test('the feature of development containers installs the program, and what starts it with the container', async () => {
    const place = join(job.directory, 'container');
    const programs = join(job.directory, 'programs');
    mkdirSync(programs);
    // The registry is not asked: what npm is told is what counts.
    writeFileSync(join(programs, 'npm'), `#!/bin/sh\necho "$*" > ${join(job.directory, 'npm.txt')}\n`, { mode: 0o755 });
    const feature = { LINARITE_FEATURE_PREFIX: place, _REMOTE_USER: 'nobody', PACKAGE: 'linarite@1', PORT: '10900', PATH: `${programs}:${RUNNER.PATH}` };
    const install = join(ACTION, 'devcontainer/linarite/install.sh');
    const installed = await job.shell(install, process.getuid?.() === 0 ? feature : { ...feature, _REMOTE_USER: String(process.getuid?.()) });
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    expect(readFileSync(join(job.directory, 'npm.txt'), 'utf8')).toBe('install --global --no-audit --no-fund linarite@1\n');
    expect(readFileSync(join(place, 'usr/local/bin/linarite-start'), 'utf8')).toMatch(/^exec linarite up --detach --port 10900$/m);
    expect((await job.shell(install, { ...feature, PORT: 'x' })).stderr).toBe('linarite: port is no number: x\n');
    const bare = join(job.directory, 'bare');
    mkdirSync(bare);
    expect((await job.shell(`/bin/sh ${install}`, { ...feature, PATH: bare })).stderr).toBe('linarite: Node.js 20.19 or newer is missing: add the feature node before this one\n');
    const { options, postStartCommand } = JSON.parse(readFileSync(join(ACTION, 'devcontainer/linarite/devcontainer-feature.json'), 'utf8')) as { readonly options: object; readonly postStartCommand: string };
    expect([Object.keys(options), postStartCommand]).toEqual([['package', 'port'], 'linarite-start']);
  });
});
