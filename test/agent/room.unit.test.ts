import { describe, expect, test } from 'vitest';
import { whenRoom } from '../../src/agent/room.ts';

function failing(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('what an agent cannot do without room on its disk', () => {
  test('is done once there is some', async () => {
    const errors = [failing('ENOSPC'), failing('EDQUOT'), failing('ENOSPC')];
    const act = (): string => {
      const error = errors.pop();
      if (error !== undefined) throw error;
      return 'done';
    };
    expect(await whenRoom(act, new AbortController().signal, 1)).toBe('done');
  });

  test('fails for any other reason, and when the node ends', async () => {
    const fail = (code: string) => () => {
      throw failing(code);
    };
    await expect(whenRoom(fail('EACCES'), new AbortController().signal, 1)).rejects.toThrow('EACCES');
    await expect(whenRoom(fail('ENOSPC'), AbortSignal.abort(), 60_000)).rejects.toThrow('ENOSPC');
  });
});
