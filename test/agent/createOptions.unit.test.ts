import { describe, expect, test } from 'vitest';
import { BadOption, readCreateWords } from '../../src/agent/containers/runtime/createOptions.ts';
import { runtimeConfig } from '../../src/agent/containers/runtime/runtimeConfig.ts';

const IMAGE = { Entrypoint: ['/entry'], Cmd: ['all'], Env: ['FROM=image', 'KEPT=yes'], WorkingDir: '/work', User: '' };
const ROOT = { uid: 0, gid: 0, additionalGids: [], home: '/root' };
function configOf(words: readonly string[], user = ROOT) {
  return runtimeConfig({ options: readCreateWords([...words, 'i:1']), image: IMAGE, user, cgroupsPath: '/group', root: 'root' });
}

describe('the words that make a container of an OCI runtime alone', () => {
  test('are read as docker reads them, long and short, in one word or two', () => {
    const read = readCreateWords(['--pull=never', '--label=a=b=c', '-iu0', '-w', '/x', '-m=1g', '--net', 'none', '--mount=type=bind,"source=/a,b",destination=/c,readonly=true', '-v', '/d:/e:ro', '--env=A=1=2', '--ulimit', 'nofile=10:20', 'image', 'run', '--this']);
    expect(read).toMatchObject({
      image: 'image', command: ['run', '--this'], user: '0', workdir: '/x', memoryBytes: 2 ** 30, network: 'none', environment: [['A', '1=2']],
      mounts: [{ source: '/a,b', destination: '/c', isReadOnly: true }, { source: '/d', destination: '/e', isReadOnly: true }],
      ulimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 }],
    });
    expect(read.labels.get('a')).toBe('b=c');
  });

  test.each([
    [['--gpus', 'all', 'i'], '--gpus'],
    [['-t', 'i'], '-t'],
    [['--network=bridge', 'i'], '--network=bridge'],
    [['--volume=data:/x', 'i'], '--volume=data:/x'],
    [['--volume=/a:/x:delegated', 'i'], 'delegated'],
    [['--mount=type=volume,destination=/x', 'i'], 'volume'],
    [['--memory=much', 'i'], '--memory=much'],
    [['--workdir=here', 'i'], 'here'],
    [['--security-opt=seccomp=unconfined', 'i'], 'seccomp=unconfined'],
    [['--user'], '--user'],
    [['--rm=maybe', 'i'], '--rm'],
    [[], 'no image'],
  ])('%j are refused by name', (words, named) => {
    expect(() => readCreateWords(words)).toThrow(BadOption);
    expect(() => readCreateWords(words)).toThrow(named);
  });

  test('stand against what the image says', () => {
    expect(configOf([])).toMatchObject({ process: { args: ['/entry', 'all'], cwd: '/work', env: expect.arrayContaining(['FROM=image', 'HOME=/root']) as unknown } });
    expect(configOf(['--entrypoint=sh', '-w/tmp', '-eFROM=options', '--hostname=other'])).toMatchObject({ hostname: 'other', process: { args: ['sh'], cwd: '/tmp', env: expect.arrayContaining(['FROM=options', 'KEPT=yes']) as unknown } });
    expect(() => configOf(['--entrypoint='])).toThrow('no command');
  });

  test('give root what docker gives it, others nothing, and more or less where they say so', () => {
    const capabilities = (words: readonly string[], user = ROOT) => (configOf(words, user).process['capabilities'] as { readonly effective: readonly string[]; readonly bounding: readonly string[] });
    expect(capabilities([]).effective).toContain('CAP_CHOWN');
    expect(capabilities([]).effective).not.toContain('CAP_SYS_ADMIN');
    expect(capabilities([], { ...ROOT, uid: 1001 })).toMatchObject({ effective: [], bounding: expect.arrayContaining(['CAP_CHOWN']) as unknown });
    expect(capabilities(['--cap-drop=all', '--cap-add=sys_nice']).effective).toEqual(['CAP_SYS_NICE']);
    expect(capabilities(['--privileged']).effective).toContain('CAP_SYS_ADMIN');
  });

  test('bound it, and share what it asks for', () => {
    expect(configOf(['--pids-limit=7', '--cpus=1.5', '--memory=4k', '--read-only', '--ipc=host', '--network=none'])).toMatchObject({
      root: { readonly: true },
      linux: { cgroupsPath: '/group', namespaces: [{ type: 'mount' }, { type: 'uts' }, { type: 'pid' }, { type: 'network' }], resources: { pids: { limit: 7 }, cpu: { quota: 150_000 }, memory: { limit: 4_096 } } },
    });
  });
});
