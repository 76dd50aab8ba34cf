import { expect, test } from 'vitest';
import { CommitListeners } from '../../src/control/commits.ts';
import type { CommitNews } from '../../src/ports.ts';

function loaded(epoch: number): CommitNews {
  return { kind: 'loaded', epoch };
}

test('a listener hears of its account alone, until it listens no more', () => {
  const commits = new CommitListeners({ info: () => undefined, warn: () => undefined, error: () => undefined });
  const heard: CommitNews[] = [];
  const stop = commits.listen(1, (news) => heard.push(news));
  const again = commits.listen(1, (news) => heard.push(news));
  commits.tell(1, loaded(1));
  commits.tell(2, loaded(2));
  again();
  commits.tell(1, loaded(3));
  stop();
  commits.tell(1, loaded(4));
  expect(heard).toEqual([loaded(1), loaded(1), loaded(3)]);
});

test('one that fails is logged, and keeps nothing from the others', () => {
  const errors: string[] = [];
  const commits = new CommitListeners({ info: () => undefined, warn: () => undefined, error: (_fields, message) => errors.push(message) });
  const heard: CommitNews[] = [];
  commits.listen(1, () => {
    throw new Error('it fails');
  });
  commits.listen(1, (news) => heard.push(news));
  commits.tell(1, loaded(1));
  expect(heard).toEqual([loaded(1)]);
  expect(errors).toEqual(['a fault of ours: a listener failed on what was committed']);
});
