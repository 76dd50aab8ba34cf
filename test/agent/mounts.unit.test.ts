import { expect, test } from 'vitest';
import { mountPoints, mountsBelow } from '../../src/agent/mounts.ts';

const table = [
  String.raw`22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw`,
  String.raw`40 22 0:30 / /data/nodes/1/root/shared/a\040b\134c rw - tmpfs tmpfs rw`,
  String.raw`41 22 0:31 / /data/nodes/10 rw - tmpfs tmpfs rw`,
  String.raw`42 40 0:32 / /data/nodes/1/root/shared/a\040b\134c rw master:2 - nfs server:/x rw`,
  '',
].join('\n');

test('mount points are read as they are, blanks and backslashes too', () => {
  expect(mountPoints(table)).toEqual(['/', '/data/nodes/1/root/shared/a b\\c', '/data/nodes/10', '/data/nodes/1/root/shared/a b\\c']);
});

test('below a path are its own mount and those in it, each of several on one point, and none of a path that only begins alike', () => {
  expect(mountsBelow('/data/nodes/1', table)).toEqual(['/data/nodes/1/root/shared/a b\\c', '/data/nodes/1/root/shared/a b\\c']);
  expect(mountsBelow('/data/nodes/10', table)).toEqual(['/data/nodes/10']);
  expect(mountsBelow('/data/nodes/2', table)).toEqual([]);
});
