import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BUSYBOX = '/usr/bin/busybox';
/** Whether roots of images can be made here. */
export const canMakeImages = existsSync(BUSYBOX);

/**
 * Makes the root of a small system at `root`, named as os-release(5) names one, with links as those of distributions:
 * of `/bin` to an absolute path, of `/sbin` to a relative one.
 */
export function makeImageRoot(root: string, name: string): void {
  for (const directory of ['usr/bin', 'etc', 'root']) mkdirSync(join(root, directory), { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'usr/bin/busybox'));
  const names = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n').filter((one) => one !== '' && one !== 'busybox');
  for (const one of names) symlinkSync('/usr/bin/busybox', join(root, 'usr/bin', one));
  symlinkSync('/usr/bin', join(root, 'bin'));
  symlinkSync('usr/bin', join(root, 'sbin'));
  writeFileSync(join(root, 'etc/os-release'), `PRETTY_NAME="${name}"\n`);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nimage:x:1234:1234::/:/bin/sh\n');
}
