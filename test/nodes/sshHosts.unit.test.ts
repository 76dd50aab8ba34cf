import { expect, test } from 'vitest';
import { socketDirectory } from '../../src/nodes/ssh/ssh.ts';
import { hostsOf, parseHost } from '../../src/nodes/ssh/hosts.ts';
import { tarOf } from '../../src/nodes/ssh/program.ts';
import { candidates, type Placed, unknownHost, whyNone } from '../../src/nodes/ssh/places.ts';

test('a host is a name with a user and a port, and never an option of ssh', () => {
  expect(parseHost('lab1')).toEqual({ text: 'lab1', name: 'lab1' });
  expect(parseHost('batch@lab1.example:2222')).toEqual({ text: 'batch@lab1.example:2222', name: 'lab1.example', user: 'batch', port: 2222 });
  expect(parseHost('[2001:db8::1]:22')).toMatchObject({ name: '2001:db8::1', port: 22 });
  for (const none of ['', '-oProxyCommand=touch /x', 'a b', '-l@b', 'host:99999', 'host:0', 'a;b', '../x', '$(x)']) expect(() => parseHost(none)).toThrow(`${JSON.stringify(none)} is no host`);
});

test('a command names hosts one a line, each once, with words for people beside them', async () => {
  const words = ['/bin/printf', '%s\n', '# of the lab', 'one  16 cores', 'two:22', 'one', ''] as const;
  expect(await hostsOf({ kind: 'command', words })).toMatchObject([{ name: 'one' }, { name: 'two', port: 22 }]);
  await expect(hostsOf({ kind: 'command', words: ['/bin/false'] })).rejects.toThrow('/bin/false does not say which hosts there are');
  await expect(hostsOf({ kind: 'command', words: ['/bin/echo', '-oX=1'] })).rejects.toThrow('"-oX=1" is no host');
});

test('a node goes where it was, else where the fewest are; hosts that take none are left out', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => unknownHost(parseHost(name))) as [ReturnType<typeof unknownHost>, ReturnType<typeof unknownHost>, ReturnType<typeof unknownHost>];
  const at = (state: typeof a, node: number): Placed => ({ host: state.host, node, life: 1, account: 1, observed: { kind: 'running' } });
  const placed = [at(a, 1), at(a, 2), at(b, 3)];
  const names = (node: number): string[] => candidates([a, b, c], placed, node, 2).map(({ host }) => host.name);
  expect([names(9), names(1), names(3)]).toEqual([['c', 'b'], ['a', 'c', 'b'], ['b', 'c']]);
  b.reason = 'b cannot be reached: no route.';
  expect(names(9)).toEqual(['c']);
  expect(whyNone([a, b, c], 2)).toBe('The 2 hosts that can be reached have as many nodes as fit: 4. b cannot be reached: no route.');
  expect(whyNone([], 2)).toBe('There are no hosts.');
});

test('what is brought along is a tar file', () => {
  const tar = tarOf([{ name: 'dist/a', content: Buffer.from('text') }, { name: 'b', content: Buffer.alloc(512, 1) }]);
  expect([tar.length, tar.toString('latin1', 257, 262), tar.toString('latin1', 124, 135)]).toEqual([512 * 6, 'ustar', '00000000004']);
  const sum = [...tar.subarray(0, 512)].reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  expect(Number.parseInt(tar.toString('latin1', 148, 154), 8)).toBe(sum);
});

test('control sockets have room for what ssh adds to their names, however deep the directory of temporary files lies', () => {
  expect(socketDirectory('a', '/tmp')).toMatch(/^\/tmp\/linarite-ssh-[0-9a-f]{12}$/);
  expect(socketDirectory('a', '/tmp/linarite-check-AbCdEf')).toMatch(/^\/tmp\/linarite-check-AbCdEf\/linarite-ssh-/);
  for (const length of [30, 50, 51, 52, 60, 200]) expect(socketDirectory('a', `/${'d'.repeat(length)}`).length + '/0123456789ab.0123456789abcdef'.length).toBeLessThanOrEqual(107);
  expect(socketDirectory('a', `/${'d'.repeat(60)}`)).toBe(socketDirectory('a', '/tmp'));
});
