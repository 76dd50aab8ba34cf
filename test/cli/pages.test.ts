import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks } from '../../scripts/site/markdown.ts';
import { freePort, LAUNCHER, mustRun, run } from '../support/linarite.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const WITHIN_MS = 120_000;

/** What is done before a page's commands are typed, in bash; and those that end with another code than 0. */
interface TypedPage {
  readonly given?: string;
  readonly ends?: Readonly<Record<string, number>>;
  /** Commands by their beginning that are not typed here, and why. */
  readonly left?: Readonly<Record<string, string>>;
}

const POOL = '{"vmSize":"standard_d2s_v3","virtualMachineConfiguration":{"imageReference":{"publisher":"canonical","offer":"0001-com-ubuntu-server-jammy","sku":"22_04-lts"},"nodeAgentSKUId":"batch.node.ubuntu 22.04"},"id":"render","targetDedicatedNodes":2}';
const FORMULA = '$TargetLowPriorityNodes = min(25, max(0, $PendingTasks.GetSample(1)));';

/** Pages in the order in which they are typed, all with one service. */
const TYPED: Readonly<Record<string, TypedPage>> = {
  cli: { left: { 'linarite top': 'needs a terminal', 'linarite completion fish': 'test/cli/completionShells.test.ts: a line for fish' } },
  explain: {
    given: 'linarite pool create --id mypool --vm-size standard_a1_v2 --image canonical:0001-com-ubuntu-server-jammy:22_04-lts --node-agent-sku-id "batch.node.ubuntu 22.04"; linarite job create --id myjob --pool-id mypool; linarite task create myjob --id mytask --command-line /bin/true',
  },
  cost: { given: 'linarite task wait myjob' },
  autoscale: {
    given: `linarite pool create --id POOL --vm-size standard_a1_v2 --image canonical:0001-com-ubuntu-server-jammy:22_04-lts --node-agent-sku-id "batch.node.ubuntu 22.04"; echo '${FORMULA}' > formula.txt; printf 'time,$PendingTasks\\n2026-11-20T12:00:00Z,4\\n' > samples.csv`,
  },
  lint: { given: `echo '${POOL}' > pool.json` },
  simulate: { given: `echo '${POOL}' > pool.json; echo '${FORMULA}' > careful.txt` },
  events: {
    // The job j of the page before: ids are the same in small and large letters.
    given: 'linarite task create J --id failing --command-line "/bin/false"; linarite task wait J || true',
    ends: { 'linarite webhook test 1': 1 },
    left: { 'linarite events -f --kind': 'test/cli/ownCommands.test.ts: it says nothing until a task fails' },
  },
  'low-priority': { left: { 'linarite up --low-priority-capacity': 'test/cli/lowPriority.test.ts' } },
  operations: {},
  page: { left: { './linarite session end 3': 'test/dashboard/page.test.ts: there is a third one only when somebody has signed in' } },
  applications: { given: 'echo data > file; python3 -m zipfile -c blender.zip file; linarite app upload blender 1.0 blender.zip' },
  identity: { left: { 'linarite identity create robot': 'test/api/management: the scope is a placeholder' } },
  run: {
    left: { 'linarite run --input \'videos/*.mp4': 'test/cli/run/run.test.ts, where there is ffmpeg' },
    given: "for name in a b; do echo $name > $name.mov; done; printf '#!/bin/sh\\necho $2\\n' > simulate; printf '#!/bin/sh\\ntest -s $1\\n' > cut; cp cut encode; chmod +x simulate cut encode",
  },
  backup: { given: 'cp -a .linarite/keys ./keys-kept-apart' },
  releases: {},
};

/** Pages whose commands need more than one service of this machine: where they are tried. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  az: 'test/clients/azWalkThrough.test.ts',
  clock: 'test/cli/clock.test.ts',
  compare: 'test/cli/compare',
  kubernetes: 'test/nodes/kubernetes',
  nodes: 'test/cli/sshPool.test.ts',
  operating: 'test/cli/backup.test.ts',
  providers: 'test/nodes/ssh.test.ts',
  regions: 'test/cli/regionDrill.test.ts',
  seed: 'test/cli/seed',
  several: 'test/clients/several.test.ts',
  slurm: 'test/nodes/slurm',
  ssh: 'test/nodes/ssh.test.ts',
  terraform: 'test/clients/terraform.test.ts',
  tutorial: 'test/clients/tutorial.test.ts',
};

test('each page with commands of linarite is typed here, or named with the test that does', () => {
  const withCommands = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -3)).filter((page) => commandsOf(page).length > 0);
  expect(withCommands.filter((page) => !(page in TYPED) && !(page in ELSEWHERE))).toEqual([]);
  expect([...Object.keys(TYPED), ...Object.keys(ELSEWHERE)].filter((page) => !withCommands.includes(page))).toEqual([]);
  expect(Object.values(ELSEWHERE).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

/** Lines of a page that run `linarite`, those that go on with a backslash as one. */
function commandsOf(page: string): readonly string[] {
  return codeBlocks(readFileSync(join(ROOT, `docs/${page}.md`), 'utf8'))
    .filter(({ language }) => ['', 'sh', 'bash', 'console'].includes(language))
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/^\$ /, ''))
    .filter((line) => /^(\.\/)?linarite\s/.test(line));
}

describe('commands of pages, typed as they stand there', { timeout: WITHIN_MS }, () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-typed-'));
    // As root, users of tasks have to pass.
    chmodSync(directory, 0o711);
    // As in a clone, but on a port that nobody else has.
    writeFileSync(join(directory, 'linarite'), `#!/bin/sh\ncase "$1 $*" in up\\ *--data-dir*) set -- "$@" --port ${await freePort()};; up\\ *) set -- "$@" --port ${await freePort()};; esac\nexec '${LAUNCHER}' "$@"\n`, { mode: 0o755 });
    env = { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` };
    await mustRun('bash', ['-c', 'linarite up --detach'], { cwd: directory, env });
  }, WITHIN_MS);
  afterAll(async () => {
    await run('bash', ['-c', 'linarite down --purge'], { cwd: directory, env });
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }, WITHIN_MS);

  test.each(Object.entries(TYPED))('%s', async (page, { given, ends = {}, left = {} }) => {
    if (given !== undefined) await mustRun('bash', ['-ec', given], { cwd: directory, env });
    for (const command of commandsOf(page)) {
      const reason = beginning(left, command);
      if (reason !== undefined) continue;
      if (staysInFront(command)) await watch(command);
      else {
        const { code, stdout, stderr } = await run('bash', ['-c', command], { cwd: directory, env });
        expect(code, `${command}\n${stdout}\n${stderr}`).toBe(beginning(ends, command) ?? 0);
      }
    }
  });

  /** Until it says something; then Ctrl-C. */
  async function watch(command: string): Promise<void> {
    const child = spawn('bash', ['-c', `exec ${command}`], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const ended = new Promise<number | null>((settle) => child.once('close', settle));
    await Promise.race([ended, new Promise<void>((settle) => {
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        settle();
      });
    })]);
    child.kill('SIGINT');
    expect([0, 130, null], `${command}\n${said}`).toContain(await ended);
  }
});

function beginning<T>(table: Readonly<Record<string, T>>, command: string): T | undefined {
  return Object.entries(table).find(([start]) => command.startsWith(start))?.[1];
}

/** It ends only with Ctrl-C. */
function staysInFront(command: string): boolean {
  const [typed = ''] = command.split(' #');
  return (/^linarite (logs|events) /.test(typed) && / -f\b/.test(typed)) || (typed.startsWith('linarite up ') && !typed.includes('--detach'));
}
