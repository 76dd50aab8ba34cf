import { describe, expect, test } from 'vitest';
import { codePointsOf, compileSegment } from '../../src/agent/nameMatcher.ts';
import { expandVariables, findMatches, MOST_ENTRIES, type ReadDirectory } from '../../src/agent/filePatterns.ts';

/** A tree given by its files; directories follow. */
function tree(files: readonly string[]): ReadDirectory {
  return (directory) => {
    const prefix = directory === '/' ? '/' : `${directory}/`;
    const names = new Map<string, boolean>();
    for (const file of files.filter((path) => path.startsWith(prefix))) {
      const [name = '', ...rest] = file.slice(prefix.length).split('/');
      names.set(name, rest.length > 0);
    }
    return [...names].map(([name, isDirectory]) => ({ name, isDirectory, isLink: false }));
  };
}

const FILES = [
  '/t/stdout.txt',
  '/t/stderr.txt',
  '/t/wd/a.txt',
  '/t/wd/b.txt',
  '/t/wd/b1.log',
  '/t/wd/.hidden.txt',
  '/t/wd/star*.txt',
  '/t/wd/x].txt',
  '/t/wd/(a|b)+{c}.txt',
  '/t/wd/out/a.txt',
  '/t/wd/out/deep/er/c.txt',
  '/t/wd/out/.git/config.txt',
];

describe('the pattern of an output file', () => {
  test.each([
    ['*.txt', ['(a|b)+{c}.txt', 'a.txt', 'b.txt', 'star*.txt', 'x].txt']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['[ab].txt', ['a.txt', 'b.txt']],
    ['[a-b]*', ['a.txt', 'b.txt', 'b1.log']],
    ['[!a].txt', ['b.txt']],
    ['star[*].txt', ['star*.txt']],
    ['x[]].txt', ['x].txt']],
    ['(a|b)+{c}.tx?', ['(a|b)+{c}.txt']],
    ['.*', ['.hidden.txt']],
    ['../std*.txt', ['stderr.txt', 'stdout.txt']],
    ['**/c.txt', ['out/deep/er/c.txt']],
    ['out/**/*.txt', ['a.txt', 'deep/er/c.txt']],
    ['out/**', ['a.txt', 'deep/er/c.txt']],
    ['out/*/er/*', ['deep/er/c.txt']],
    ['**/**/a.txt', ['a.txt', 'out/a.txt']],
    ['out/.git/*', ['config.txt']],
    ['/t/wd/out/*.txt', ['a.txt']],
    ['[!a-b]*.txt', ['(a|b)+{c}.txt', 'star*.txt', 'x].txt']],
    ['[]x]*', ['x].txt']],
    ['[.]*', []],
    ['star\\*', []],
    ['b[', []],
    ['out/**/**/e?/**/*', ['deep/er/c.txt']],
    ['nothing*', []],
    ['nowhere/*', []],
  ])('%s finds, below its part without wildcards, %j', async (pattern, expected) => {
    const found = await findMatches(pattern, '/t/wd', tree(FILES));
    expect(found.map(({ relative }) => relative).sort()).toEqual([...expected].sort());
  });

  test('gives absolute paths, `..` resolved', async () => {
    expect(await findMatches('../stdo*', '/t/wd', tree(FILES))).toEqual([{ path: '/t/stdout.txt', relative: 'stdout.txt' }]);
  });

  test('gives up where there is too much to look at, and names itself and the bound', async () => {
    const asked: number[] = [];
    const endless: ReadDirectory = (_directory, most) => {
      asked.push(most);
      return Array.from({ length: Math.min(60_000, most) }, (_, index) => ({ name: `f${index}`, isDirectory: index === 0, isLink: false }));
    };
    await expect(findMatches('**/*.txt', '/t/wd', endless)).rejects.toThrow(`**/*.txt looks at more than ${MOST_ENTRIES} files`);
    expect(asked).toEqual([MOST_ENTRIES + 1, MOST_ENTRIES - 60_000 + 1]);
  });

  test.each(['*a'.repeat(20), '*a'.repeat(2_000), '*[a][a]'.repeat(12), '*[ab]'.repeat(127), `${'*'.repeat(4_000)}`])(
    'is compared in a time that grows with name and pattern: %s',
    async (begin) => {
      const name = 'a'.repeat(255);
      let looks = 0;
      const characters = new Proxy(codePointsOf(name), {
        get: (target, property) => {
          looks++;
          return Reflect.get(target, property) as unknown;
        },
      });
      expect(compileSegment(`${begin}b`)(characters)).toBe(false);
      expect(looks).toBeLessThan(3 * name.length * begin.length);
    },
  );

  test('reads each directory once, however many ways lead to it', async () => {
    const deep = `/t/wd/${'d/'.repeat(60)}f`;
    const read: string[] = [];
    const counting: ReadDirectory = (path, most) => {
      read.push(path);
      return tree([deep])(path, most);
    };
    expect(await findMatches(`${'**/'.repeat(30)}f`, '/t/wd', counting)).toHaveLength(1);
    expect(read).toHaveLength(61);
    expect(new Set(read).size).toBe(61);
  });

  test('is left when it is no longer wanted', async () => {
    const ending = new AbortController();
    const endless: ReadDirectory = (path) => {
      if (path.length > 200) ending.abort(new Error('ended'));
      return [{ name: 'd', isDirectory: true, isLink: false }];
    };
    await expect(findMatches('**/x', '/t', endless, ending.signal)).rejects.toThrow('ended');
  });

  test('follows a link only where it is named', async () => {
    const linked: ReadDirectory = (path) =>
      path.split('/').length > 20 ? [] : [{ name: 'link', isDirectory: false, isLink: true }, { name: 'f', isDirectory: false, isLink: false }];
    expect((await findMatches('**/f', '/t', linked)).map(({ relative }) => relative)).toEqual(['f']);
    expect((await findMatches('l*/f', '/t', linked)).map(({ relative }) => relative)).toEqual(['link/f']);
  });

  test('that is longer than any path is refused', async () => {
    await expect(findMatches('*'.repeat(5_000), '/t', tree(FILES))).rejects.toThrow('longer than 4096');
  });

  test('has its variables expanded first', () => {
    const environment = new Map([
      ['AZ_BATCH_TASK_DIR', '/t'],
      ['N', '7'],
    ]);
    expect(expandVariables('$AZ_BATCH_TASK_DIR/wd/part${N}x$MISSING.txt', environment)).toBe('/t/wd/part7x.txt');
  });
});
