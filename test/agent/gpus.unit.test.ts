import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createGpus, type GpuShare } from '../../src/agent/gpus.ts';

const made: string[] = [];
const shares: GpuShare[] = [];
afterEach(() => {
  for (const share of shares.splice(0)) share.release();
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true });
});

/** Files in the place of devices, with what the driver has beside them. */
function devices(count: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-gpus-'));
  made.push(directory);
  for (const name of [...Array.from({ length: count }, (_, index) => `nvidia${index}`), 'nvidiactl', 'nvidia-uvm', 'null']) writeFileSync(join(directory, name), '');
  return directory;
}

describe.runIf(process.platform === 'linux')('GPUs of a node', () => {
  const sharing = (devicesDirectory: string, slots: number, nodes = 1) => {
    const gpus = createGpus({ devicesDirectory, slots, nodes: () => nodes });
    return (asked: number) => {
      const share = gpus.take(asked);
      shares.push(share);
      const variable = (name: string): string | undefined => share.environment.find((one) => one.name === name)?.value;
      return { visible: variable('CUDA_VISIBLE_DEVICES'), order: variable('CUDA_DEVICE_ORDER'), end: () => shares.splice(shares.indexOf(share), 1)[0]?.release() };
    };
  };

  test('are shared out by slots: a task has the part of them that it has of the slots', () => {
    const take = sharing(devices(4), 4);
    expect(take(2)).toMatchObject({ visible: '0,1', order: 'PCI_BUS_ID' });
    expect([take(1).visible, take(1).visible]).toEqual(['2', '3']);
  });

  test('all belong to a task that has all slots', () => {
    expect(sharing(devices(3), 2)(2).visible).toBe('0,1,2');
  });

  test('belong to nobody else until their task is over, and are then the next one’s', () => {
    const take = sharing(devices(2), 2);
    const first = take(1);
    expect([first.visible, take(1).visible]).toEqual(['0', '1']);
    first.end();
    expect(take(1).visible).toBe('0');
  });

  test('are shared by as few tasks as can be where there are fewer than slots', () => {
    const take = sharing(devices(2), 4);
    const [one, other, third] = [take(1), take(1), take(1)];
    expect([one.visible, other.visible, third.visible]).toEqual(['0', '1', '0']);
    expect(take(1).visible).toBe('1');
    one.end();
    third.end();
    expect(take(2).visible, 'the one that nobody has').toBe('0');
  });

  test('are shared between the nodes of a machine, none by two while there are enough', () => {
    const directory = devices(4);
    const [here, there] = [sharing(directory, 2, 2), sharing(directory, 2, 2)];
    const visible = [here(1), there(1), there(1), here(1)].map((share) => share.visible);
    expect(visible.toSorted()).toEqual(['0', '1', '2', '3']);
    expect(there(2).visible, 'none is left: it has its number, and shares').toBe('0,1');
  });

  test('are free for another node once a task is over', () => {
    const directory = devices(1);
    const [here, there] = [sharing(directory, 1), sharing(directory, 1)];
    here(1).end();
    expect(there(1).visible).toBe('0');
  });

  test('that a machine does not have are not spoken of', () => {
    expect(sharing(devices(0), 2)(1)).toMatchObject({ visible: undefined, order: undefined });
    expect(sharing('/nowhere', 2)(1).visible).toBeUndefined();
  });
});
