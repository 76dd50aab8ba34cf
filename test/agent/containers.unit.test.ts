import { describe, expect, test } from 'vitest';
import { createWords, handOver, runsAsAnother } from '../../src/agent/containers/createWords.ts';
import type { Engine } from '../../src/agent/containers/engine.ts';
import { askedEntryPoint, wordsToRun } from '../../src/agent/containers/entryPoint.ts';
import { hostOf, isOnLoopback, registryOf, wholeName } from '../../src/agent/containers/imageName.ts';
import { readRunOptions } from '../../src/agent/containers/runOptions.ts';
import { TaskFailure } from '../../src/agent/failures.ts';

describe('the name of an image', () => {
  test.each([
    ['ubuntu', 'docker.io/library/ubuntu:latest'],
    ['ubuntu:22.04', 'docker.io/library/ubuntu:22.04'],
    ['team/tool', 'docker.io/team/tool:latest'],
    ['myregistry.azurecr.io/samples/app', 'myregistry.azurecr.io/samples/app:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['127.0.0.1:5000/a/b/c:1', '127.0.0.1:5000/a/b/c:1'],
    ['index.docker.io/library/ubuntu:1', 'docker.io/library/ubuntu:1'],
    ['quay.io/a/b@sha256:0123', 'quay.io/a/b@sha256:0123'],
    ['quay.io/a/b:1@sha256:0123', 'quay.io/a/b:1@sha256:0123'],
  ])('%s is %s', (image, whole) => expect(wholeName(image)).toBe(whole));

  test('tells its registry, and whether that is on loopback', () => {
    expect(registryOf('a.b/c')).toBe('a.b');
    expect(['https://myregistry.azurecr.io/', 'https://index.docker.io/v1/', null, 'host:5000'].map(hostOf)).toEqual(['myregistry.azurecr.io', 'docker.io', 'docker.io', 'host:5000']);
    expect(['localhost:5000', '127.0.0.1', '127.8.8.8:1', '[::1]:5000', '127.0.0.1.example.org', '10.0.0.1'].map(isOnLoopback)).toEqual([true, true, true, true, false, false]);
  });
});

describe('run options of a task', () => {
  test('say which of our own they replace, however they are written', () => {
    const names = (...words: string[]) => [...readRunOptions(words).names];
    expect(names('--net', 'none')).toEqual(['network']);
    expect(names('--network=none', '-u', '0')).toEqual(['network', 'user']);
    expect(names('-itu0:0')).toEqual(['user']);
    expect(names('-v', '/u:/w', '-m', '1g')).toEqual(['memory']);
    expect(names('--user=a', '--workdir', '/x')).toEqual(['user', 'workdir']);
  });

  test('are handed on as they are, but for --rm: the agent removes its containers itself', () => {
    expect(readRunOptions(['--rm', '-v', '/a:/b', '--rm=true']).words).toEqual(['-v', '/a:/b']);
  });

  test('tell whether what a task writes may be another user’s', () => {
    expect([['--user=root'], ['-u', 'x'], ['--privileged'], ['--userns=host'], ['--network=none'], []].map(runsAsAnother)).toEqual([true, true, true, true, false, false]);
  });
});

describe('what a command line is handed to', () => {
  const asked = (...words: string[]) => askedEntryPoint({ kind: 'podman' }, words);

  test('is what run options say, the last of them, as a word or as a list', () => {
    expect(asked('--rm', '-e', 'A=1')).toBeNull();
    expect(asked('--entrypoint', 'sh', '--entrypoint=/bin/run me')).toEqual(['/bin/run me']);
    expect(asked('--entrypoint=')).toEqual([]);
    expect(asked('--entrypoint', '["sh", "-c"]')).toEqual(['sh', '-c']);
    expect(askedEntryPoint({ kind: 'docker' }, ['--entrypoint=["sh"]'])).toEqual(['["sh"]']);
  });

  test('gets the image’s own command where there is none, and nothing to run is an error', () => {
    const image = { entrypoint: ['/run'], command: ['--help'] };
    expect(wordsToRun(image, ['a', 'b'])).toEqual(['/run', 'a', 'b']);
    expect(wordsToRun(image, [])).toEqual(['/run', '--help']);
    expect(() => wordsToRun({ entrypoint: [], command: [] }, [])).toThrow(TaskFailure);
  });
});

const PODMAN: Engine = { kind: 'podman', program: '/usr/bin/podman', version: '4.3.1', runtime: '/usr/bin/crun', driver: 'overlay', hasGroups: true, stores: [] };
const DOCKER: Engine = { kind: 'docker', program: '/usr/bin/docker', version: '28.0.0', host: null };
const container = {
  image: 'i:1',
  settings: { workingDirectory: 'taskWorkingDirectory', mounts: null },
  runWords: [],
  command: ['a', 'b'],
  user: { uid: 1001, gid: 1000, filesGid: 1000, name: 'u', isShared: true },
  places: { root: '/mnt/batch/tasks', machineRoot: '/data/n,1/root', task: '/mnt/batch/tasks/workitems/j/job-1/t', preparation: null },
  mostProcesses: 100, limits: {},
  environmentFile: '/state/e',
  scratch: '/state/s',
  passedOn: ['SECRET'],
  node: '/data/n,1/root',
  group: '/linarite-1',
  holder: null,
} as const;

describe('the words that make a container', () => {
  test('with podman name the node’s own path, and put its control group below the node’s', () => {
    expect(createWords(PODMAN, container)).toEqual([
      'create', '--pull=never', '--label=linarite.node=/data/n,1/root', '--log-driver=none', '--network=host', '--pids-limit=100', '--cgroups=no-conmon', '--cgroup-parent=/linarite-1',
      '--user=1001:1000', '--workdir=/mnt/batch/tasks/workitems/j/job-1/t/wd', '--mount=type=bind,source=/mnt/batch/tasks,destination=/mnt/batch/tasks', '--env-file=/state/e', '--env=SECRET', 'i:1', 'a', 'b',
    ]);
  });

  test('with docker name the machine’s path, which its daemon sees', () => {
    const words = createWords(DOCKER, { ...container, group: null });
    expect(words).toContain('--mount=type=bind,"source=/data/n,1/root",destination=/mnt/batch/tasks');
    expect(words.filter((word) => word.startsWith('--cgroup') || word.startsWith('--pids'))).toEqual([]);
  });

  test('name the process that holds it in place of the command, after all that run options say', () => {
    const words = createWords(PODMAN, { ...container, runWords: ['--entrypoint', 'sh'], holder: '/state/hold' });
    expect(words.slice(words.indexOf('--entrypoint'))).toEqual(['--entrypoint', 'sh', '--mount=type=bind,source=/state/hold,destination=/.linarite-hold,readonly=true', '--entrypoint=/.linarite-hold', 'i:1']);
  });

  test('bound a container by the size of its node, where it is not the task that says how much it may have', () => {
    const limits = { cores: 2, memoryBytes: 1_048_576 };
    const bounding = (change: { group?: null; runWords?: string[] }, engine: Engine = PODMAN): string[] => createWords(engine, { ...container, limits, ...change }).filter((word) => /^(--cpus|--memory|-m)/.test(word));
    expect(bounding({})).toEqual(['--cpus=2', '--memory=1048576b']);
    expect(bounding({ group: null }), 'podman without control groups takes none').toEqual([]);
    expect(bounding({ group: null }, DOCKER)).toEqual(['--cpus=2', '--memory=1048576b']);
    expect(bounding({ runWords: ['-m', '2g', '--cpus=1'] })).toEqual(['-m', '--cpus=1']);
  });

  test('leave out what the task’s own options say, and the node where it is not to be seen', () => {
    const words = createWords(PODMAN, { ...container, runWords: ['--net=none', '-u', 'root', '-w', '/'], settings: { ...container.settings, mounts: [] } });
    expect(words.filter((word) => /^--(?:network|user|workdir|tmpfs|mount)/.test(word))).toEqual([]);
    expect(createWords(PODMAN, { ...container, settings: { ...container.settings, mounts: [] } })).toContain('--mount=type=bind,source=/state/s,destination=/mnt/batch/tasks/workitems/j/job-1/t/wd');
    expect(createWords(PODMAN, { ...container, settings: { ...container.settings, workingDirectory: 'containerImageDefault' } }).filter((word) => word.startsWith('--workdir'))).toEqual([]);
  });
});

describe('variables for a container', () => {
  test('stand in a file, or where no line holds them in the variables of the engine’s program', () => {
    const { file, passedOn } = handOver(new Map([['A', 'x y'], ['B', 'one\ntwo'], ['C', `it's`], ['D', ''], ['#E', '1'], ['LD_PRELOAD', '/evil.so']]));
    expect(file).toBe('A=x y\nD=\nLD_PRELOAD=/evil.so\n');
    expect([...passedOn.keys()]).toEqual(['B', 'C', '#E']);
  });

  test('never reach the engine itself under a name that it or its libraries read', () => {
    for (const name of ['LD_PRELOAD', 'PATH', 'CONTAINERS_CONF', 'DOCKER_HOST', 'http_proxy', 'HOME', 'GODEBUG']) expect(() => handOver(new Map([[name, 'one\ntwo']])), name).toThrow(TaskFailure);
  });
});
