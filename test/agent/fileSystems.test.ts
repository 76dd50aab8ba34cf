import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileSystemWork, RunAs } from '../../src/agent/frames.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../support/blobs.ts';
import { machineMounts } from '../support/mounts.ts';
import { startNode, type TestNode } from './testNode.ts';

/**
 * A kernel that has neither NFS nor SMB can be given no real share: stand-ins of mount.nfs and mount.cifs bind a
 * directory, and keep what they were started with. The container is a real one, by the kernel's real FUSE.
 */
const outer = mkdtempSync(join(tmpdir(), 'linarite-mounts-'));
const possible = (await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [process.execPath] })).isolation === 'overlays' && existsSync('/dev/fuse');
if (!possible) console.log('skipped: mounts of pools, which need root, overlays and FUSE');

const ADMIN: RunAs = { kind: 'auto', scope: 'pool', elevation: 'admin' };
const PLAIN: RunAs = { kind: 'auto', scope: 'pool', elevation: 'nonadmin' };
const [share, tools, kept] = ['share', 'tools', 'kept'].map((name) => join(outer, name)) as [string, string, string];
const SECRET = 'pa$$,word with/+=';
const KEY = Buffer.from('a key that only tests use').toString('base64');

const STAND_IN = `#!/bin/sh
[ -z "$PASSWD_FD" ] || read -r password <&"$PASSWD_FD"
{ printf '%s|' "$(basename "$0")" "$@"; echo "$password"; } >> ${kept}
case $1 in *refused*) echo "mount error(13): Permission denied for $password" >&2; exit 32 ;; *nothing*) exit 0 ;; esac
exec mount --bind ${share} "$2"
`;

let blobs: TemporaryBlobs;
let path: string | undefined;
let mountsBefore: readonly string[];
beforeAll(async () => {
  if (!possible) return;
  for (const directory of [share, tools]) mkdirSync(directory);
  chmodSync(outer, 0o755);
  chmodSync(share, 0o777);
  for (const name of ['mount.nfs', 'mount.cifs']) writeFileSync(join(tools, name), STAND_IN, { mode: 0o755 });
  path = process.env['PATH'];
  process.env['PATH'] = `${tools}:${path}`;
  mountsBefore = machineMounts(outer);
  blobs = await temporaryBlobs();
  const container = client().getContainerClient('data');
  await container.create();
  const upload = (name: string, text: string): Promise<unknown> => container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
  await Promise.all([upload('top.txt', 'at the top'), upload('a/b/deep & dark.txt', 'far below'), upload('big.bin', 'x'.repeat(3_000_000)), upload('run.sh', '#!/bin/sh\necho ran $1\n')]);
});
afterAll(async () => {
  if (possible) await blobs.remove();
  if (path !== undefined) process.env['PATH'] = path;
  rmSync(outer, { recursive: true });
});

function client(): BlobServiceClient {
  return new BlobServiceClient(blobs.server.endpoint, new StorageSharedKeyCredential('testaccount', KEY));
}

function blob(changes: Partial<Extract<FileSystemWork, { kind: 'blobfuse' }>> = {}): FileSystemWork {
  return { kind: 'blobfuse', path: 'blobs', account: 'testaccount', container: 'data', endpoint: blobs.server.endpoint, credential: { kind: 'key', value: KEY }, options: '-o allow_other -o attr_timeout=0', ...changes };
}

const nfs: FileSystemWork = { kind: 'nfs', path: 'team/nfs', source: 'server:/export', options: '-o vers=4.1,hard -o ro' };
const cifs: FileSystemWork = { kind: 'cifs', path: 'smb', source: '//server/share', username: 'me', password: SECRET, options: '-o vers=3.0,dir_mode=0777' };

async function started(fileSystems: readonly FileSystemWork[]): Promise<TestNode> {
  const node = await startNode({ fileSystems }, { isolation: 'overlays' });
  await node.owner.until('the node is ready or unusable', () => node.owner.reports.find(({ kind }) => kind === 'ready' || kind === 'unusable'));
  return node;
}

async function said(node: TestNode, user: RunAs, script: string): Promise<string> {
  const { outcome } = await node.owner.run({ task: 't', user, commandLine: `/bin/sh -c '${script}'` });
  const output = (name: string): string => readFileSync(join(node.root, 'workitems/job1/job-1/t', name), 'utf8').trim();
  if (outcome.kind !== 'exited' || outcome.exitCode !== 0) throw new Error(`${script}: ${JSON.stringify(outcome)} ${output('stderr.txt')}`);
  return output('stdout.txt');
}

describe.runIf(possible)('file systems of a pool', () => {
  test('are there before the start task, in the node alone, with their options; passwords stand nowhere', async () => {
    writeFileSync(join(share, 'given'), 'from the share');
    const node = await started([nfs, cifs, { ...cifs, kind: 'fshare', path: 'files', source: '//acct.file.core.windows.net/s', username: 'acct' }]);
    try {
      expect(await said(node, PLAIN, 'cat $AZ_BATCH_NODE_MOUNTS_DIR/team/nfs/given; echo; echo mine > $AZ_BATCH_NODE_MOUNTS_DIR/smb/mine; cat $AZ_BATCH_NODE_MOUNTS_DIR/files/mine')).toBe('from the share\nmine');
      expect(readFileSync(kept, 'utf8').trim().split('\n').sort()).toEqual([
        `mount.cifs|//acct.file.core.windows.net/s|/mnt/batch/tasks/fsmounts/files|-o|nosuid,nodev,username=acct,vers=3.0,dir_mode=0777|${SECRET}`,
        `mount.cifs|//server/share|/mnt/batch/tasks/fsmounts/smb|-o|nosuid,nodev,username=me,vers=3.0,dir_mode=0777|${SECRET}`,
        'mount.nfs|server:/export|/mnt/batch/tasks/fsmounts/team/nfs|-o|nosuid,nodev,vers=4.1,hard,ro|',
      ]);
      const mounts = join(node.root, 'fsmounts');
      expect(readdirSync(mounts).filter((name) => name.endsWith('.log')).sort()).toEqual(['cifs-smb.log', 'fshare-files.log', 'nfs-team-nfs.log']);
      expect(readFileSync(join(mounts, 'cifs-smb.log'), 'utf8')).toContain('mount.cifs //server/share');
      for (const log of readdirSync(mounts).filter((name) => name.endsWith('.log'))) expect(readFileSync(join(mounts, log), 'utf8')).not.toContain(SECRET);
      expect(readdirSync(join(mounts, 'smb'))).toEqual([]);
      expect(machineMounts(outer)).toEqual(mountsBefore);
    } finally {
      await node.close();
      rmSync(kept);
    }
  });

  test('keep what is on them, whatever becomes of tasks, files and the node', async () => {
    mkdirSync(join(share, 'dear/sub'), { recursive: true });
    writeFileSync(join(share, 'dear/sub/file'), 'dear');
    chmodSync(join(share, 'dear'), 0o700);
    const before = statSync(join(share, 'dear'));
    const node = await started([cifs]);
    try {
      await said(node, ADMIN, 'ln -s $AZ_BATCH_NODE_MOUNTS_DIR/smb/dear link');
      node.owner.command({ kind: 'discardJob', job: 1 });
      expect(await said(node, ADMIN, 'cat $AZ_BATCH_NODE_MOUNTS_DIR/smb/dear/sub/file')).toBe('dear');
      node.owner.send({ kind: 'file', epoch: node.owner.welcome.epoch, request: 'r', ask: { kind: 'delete', path: 'fsmounts/smb/dear', recursive: true } });
      const answer = await node.owner.until('an answer', () => node.owner.frames.find(({ frame }) => frame.kind === 'fileAnswer')?.frame);
      expect(answer).toMatchObject({ answer: { kind: 'error', code: 'Mounted', message: 'fsmounts/smb/dear: fsmounts/smb is a mount, and nothing on it is deleted' } });
    } finally {
      await node.close();
      rmSync(kept);
    }
    expect(readFileSync(join(share, 'dear/sub/file'), 'utf8')).toBe('dear');
    const after = statSync(join(share, 'dear'));
    expect([after.uid, after.gid, after.mode]).toEqual([before.uid, before.gid, before.mode]);
  });

  test('that cannot be mounted make the node unusable, with what the tool said and without what is secret', async () => {
    const node = await started([{ ...cifs, source: '//refused/share' }, { ...nfs, source: 'nothing:/x' }, { ...nfs, path: 'odd', options: '-t ext4' }, blob({ path: 'none', container: 'missing' }), blob({ path: 'closed', credential: { kind: 'key', value: 'd3Jvbmc=' } })]);
    try {
      const { errors } = node.owner.reports.find(({ kind }) => kind === 'unusable') as Extract<TestNode['owner']['reports'][number], { kind: 'unusable' }>;
      const message = 'An error was encountered while configuring specified mount(s)';
      const errorOf = (at: string, reason: unknown): unknown => ({ code: 'MountConfigurationError', message, values: [{ name: 'Message', value: reason }, { name: 'MountConfigurationPath', value: at }] });
      expect(errors).toEqual([
        errorOf('smb', 'mount error(13): Permission denied for ***'),
        errorOf('team/nfs', 'The program that mounts ended well, and nothing is mounted'),
        errorOf('odd', 'mountOptions has -t, which is no option for mounting one file system'),
        errorOf('none', expect.stringMatching(/\/missing answered 404 ContainerNotFound$/)),
        errorOf('closed', expect.stringMatching(/\/data answered 403 AuthorizationFailure|\/data answered 403 AuthenticationFailed/)),
      ]);
      expect(readFileSync(join(node.root, 'fsmounts/cifs-smb.log'), 'utf8')).toContain('Permission denied for ***');
    } finally {
      await node.close();
      rmSync(kept);
    }
  });

  test('of which the machine has no tool say so, and which package has it', async () => {
    process.env['PATH'] = path;
    const node = await started([nfs]);
    process.env['PATH'] = `${tools}:${path}`;
    try {
      expect(JSON.stringify(node.owner.reports)).toContain('mount.nfs is not installed on this machine (Debian: nfs-common)');
    } finally {
      await node.close();
    }
  });
});

describe.runIf(possible)('a container as a file system, without a tool', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await started([blob(), blob({ path: 'roots', options: '' })]);
  });
  afterAll(() => node.close());
  const at = '$AZ_BATCH_NODE_MOUNTS_DIR/blobs';

  test('is listed, read and run from as directories and files', async () => {
    expect(await said(node, PLAIN, `cd ${at}; find . | sort; cat top.txt; echo; cat "a/b/deep & dark.txt"; echo; ./run.sh fast; stat -c "%s %A %F" big.bin a; ls no-such 2>&1 || true`)).toBe(
      ['.', './a', './a/b', './a/b/deep & dark.txt', './big.bin', './run.sh', './top.txt', 'at the top', 'far below', 'ran fast', '3000000 -r-xr-xr-x regular file', '0 dr-xr-xr-x directory', "ls: cannot access 'no-such': No such file or directory"].join('\n'),
    );
    expect(await said(node, PLAIN, `cmp ${at}/big.bin ${at}/big.bin && wc -c < ${at}/big.bin; tail -c 3 ${at}/big.bin; tr -d x < ${at}/big.bin | wc -c`)).toBe('3000000\nxxx0');
  });

  test('is read only, and what comes later is seen', async () => {
    expect(await said(node, ADMIN, `touch ${at}/new 2>&1 || rm ${at}/top.txt 2>&1 || true`)).toMatch(/Read-only file system\n.*Read-only file system/);
    const container = client().getContainerClient('data');
    await container.getBlockBlobClient('later/one').upload('1', 1);
    await container.getBlockBlobClient('top.txt').upload('changed', 7);
    expect(await said(node, PLAIN, `until [ -e ${at}/later/one ] && grep -q changed ${at}/top.txt; do :; done; cat ${at}/later/one`)).toBe('1');
  });

  test('is closed to those who are not root, unless allow_other says otherwise', async () => {
    const other = '$AZ_BATCH_NODE_MOUNTS_DIR/roots';
    expect(await said(node, ADMIN, `cat ${other}/run.sh | head -n 1`)).toBe('#!/bin/sh');
    expect(await said(node, PLAIN, `cat ${other}/run.sh 2>&1 || true`)).toContain('Permission denied');
  });

  test('shows its key to nobody in arguments, and is seen by nobody outside', async () => {
    const words = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    expect(words).toContain('serve-container');
    expect(words).not.toContain(KEY);
    expect(machineMounts(outer)).toEqual(mountsBefore);
    expect(readdirSync(join(node.root, 'fsmounts')).sort()).toEqual(['blobfuse-blobs.log', 'blobfuse-roots.log', 'blobs', 'roots']);
    expect(readFileSync(join(node.root, 'fsmounts/blobfuse-blobs.log'), 'utf8')).toMatch(/to be read only/);
  });

  test('that loses its server is said of the node', async () => {
    await said(node, ADMIN, 'for p in /proc/[0-9]*; do if tr "\\\\0" " " < $p/cmdline 2>/dev/null | grep -q "serve-contain[e]r" && tr "\\\\0" "\\\\n" < $p/environ | grep -q "^LINARITE_NODE=$LINARITE_NODE$"; then kill -9 ${p#/proc/}; fi; done');
    const notice = await node.owner.until('the node says so', () => node.owner.reports.find(({ kind }) => kind === 'notice'));
    expect(JSON.stringify(notice)).toContain('What serves it ended with SIGKILL');
  });
});
