import { describe, expect, test } from 'vitest';
import { blobfuseWords, containerMount, containerOptions, networkMount } from '../../src/agent/fileSystems/mountWords.ts';
import type { FileSystemWork } from '../../src/agent/frames.ts';

type Network = Extract<FileSystemWork, { kind: 'nfs' | 'cifs' | 'fshare' }>;
type Blobs = Extract<FileSystemWork, { kind: 'blobfuse' }>;
const nfs: Network = { kind: 'nfs', path: 'a', source: 'host:/a', options: '' };
const cifs: Network = { kind: 'cifs', path: 'a', source: '//host/a', username: 'me', password: 'secret', options: '' };
const blobs: Blobs = { kind: 'blobfuse', path: 'a', account: 'acct', container: 'c', endpoint: 'https://acct.blob.core.windows.net', credential: { kind: 'key', value: 'a2V5' }, options: '' };

function optionsOf(options: string): string | undefined {
  return networkMount({ ...nfs, options }, '/sbin/mount.nfs', '/m').args.at(-1);
}

describe('mountOptions', () => {
  test.each([
    ['-o vers=4.1,hard', 'nosuid,nodev,vers=4.1,hard'],
    ['-overs=4.1 --options=hard -o ro', 'nosuid,nodev,vers=4.1,hard,ro'],
    ['vers=4.1,hard', 'nosuid,nodev,vers=4.1,hard'],
    ['-r', 'nosuid,nodev,ro'],
    ['-o "context=a b",suid', 'nosuid,nodev,context=a b,suid'],
    ['', 'nosuid,nodev'],
  ])('%s are the words of mount(8)', (given, expected) => expect(optionsOf(given)).toBe(expected));

  test('single letters go to the helper as they are', () => {
    expect(networkMount({ ...nfs, options: '-v -o ro -s' }, '/sbin/mount.nfs', '/m').args).toEqual(['host:/a', '/m', '-v', '-s', '-o', 'nosuid,nodev,ro']);
  });

  test.each(['-f', '-t ext4', '--bind', '-o', '-a', "-o 'x"])('%s mounts nothing, or something else', (options) => {
    expect(() => optionsOf(options)).toThrow(/mountOptions/);
  });

  test.each(['-o password=x', 'credentials=/root/x', '-o vers=3,pass=x'])('a password among them is refused: %s', (options) => {
    expect(() => networkMount({ ...cifs, options }, '/sbin/mount.cifs', '/m')).toThrow(/properties of their own/);
  });

  test('a password goes in by a descriptor, a source is no option', () => {
    const { args, environment, input } = networkMount(cifs, '/sbin/mount.cifs', '/m');
    expect([args, environment, input]).toEqual([['//host/a', '/m', '-o', 'nosuid,nodev,username=me'], { PASSWD_FD: '0' }, 'secret\n']);
    expect(() => networkMount({ ...nfs, source: '-oro' }, '/sbin/mount.nfs', '/m')).toThrow('-oro is no source');
    expect(() => networkMount({ ...cifs, username: 'me,suid' }, '/sbin/mount.cifs', '/m')).toThrow('username');
  });
});

describe('blobfuseOptions', () => {
  test('are handed to the tool, with credentials in variables', () => {
    const work: Blobs = { ...blobs, options: '-o attr_timeout=240 --log-level=LOG_DEBUG' };
    const { args, environment } = containerMount(work, 'blobfuse2', '/usr/bin/blobfuse2', '/m', '/cache');
    expect(args).toEqual(['mount', '/m', '--container-name=c', '--tmp-path=/cache', '-o', 'attr_timeout=240', '--log-level=LOG_DEBUG']);
    expect(environment).toEqual({ AZURE_STORAGE_ACCOUNT: 'acct', AZURE_STORAGE_BLOB_ENDPOINT: blobs.endpoint, AZURE_STORAGE_AUTH_TYPE: 'Key', AZURE_STORAGE_ACCESS_KEY: 'a2V5' });
    const old = containerMount({ ...blobs, endpoint: 'http://127.0.0.1/acct', credential: { kind: 'sas', value: 'sig=x' } }, 'blobfuse', '/usr/bin/blobfuse', '/m', '/cache');
    expect(old.args).toEqual(['/m', '--container-name=c', '--tmp-path=/cache', '--use-https=false']);
    expect(old.environment).toMatchObject({ AZURE_STORAGE_AUTH_TYPE: 'SAS', AZURE_STORAGE_SAS_TOKEN: 'sig=x' });
  });

  test('are honoured by our own client as far as they concern one that only reads, and what does not is named', () => {
    const optionsIn = (options: string) => containerOptions(blobfuseWords({ ...blobs, options }));
    expect(optionsIn('')).toEqual({ allowOther: false, attributeSeconds: 1, entrySeconds: 1, missingSeconds: 1, without: [] });
    expect(optionsIn('-o attr_timeout=240 -oentry_timeout=2.5,negative_timeout=0 -o allow_other --read-only')).toEqual({ allowOther: true, attributeSeconds: 240, entrySeconds: 2.5, missingSeconds: 0, without: [] });
    expect(optionsIn('--file-cache-timeout-in-seconds=120 -o umask=022,ro -o attr_timeout=many').without).toEqual(['--file-cache-timeout-in-seconds=120', 'umask=022', 'attr_timeout=many']);
    expect(() => optionsIn('-o "a')).toThrow('blobfuseOptions');
  });
});
