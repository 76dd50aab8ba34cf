import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findVmSize, nearestSize } from '../../../src/wire/sizes/find.ts';

describe('a size', () => {
  test.each([
    ['small', 1],
    ['BASIC_A1', 1],
    ['Basic_A2', 2],
    ['basic_a3', 4],
    ['BASIC_A4', 8],
    ['Standard_PB6s', 6],
    ['STANDARD_A1', 1],
    ['standard_a1_v2', 1],
    ['Standard_D1_v2', 1],
    ['Standard_DS1_v2', 1],
    ['Standard_D2_v2', 2],
    ['Standard_D3_v2', 4],
    ['Standard_D14_v2', 16],
    ['Standard_D15_v2', 20],
    ['Standard_F16', 16],
    ['Standard_D4s_v5', 4],
    ['Standard_D4ads_v5', 4],
    ['Standard_E96as_v4', 96],
    ['Standard_M8-2ms', 2],
    ['Standard_NC6s_v3', 6],
    ['Standard_ND96asr_v4', 96],
    ['Standard_NC24ads_A100_v4', 24],
    ['Standard_HB120rs_v3', 120],
    ['Standard_B2ms', 2],
    ['Standard_G5', 32],
  ])('%s has %d cores', (name, cores) => {
    const size = findVmSize(name);
    expect([size?.name, size?.cores]).toEqual([name.toLowerCase(), cores]);
    expect(size?.memoryMiB).toBeGreaterThan(0);
  });

  test('a name that is almost one is told from one in a moment, however long', () => {
    const started = performance.now();
    expect(findVmSize(`standard_d1${'_aaaa'.repeat(20_000)}!`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('every size that Batch lists in a region is one, with its cores or the part of them that it may use', () => {
    const sizes = JSON.parse(readFileSync(new URL('../../fixtures/wire/vm-sizes.json', import.meta.url), 'utf8')) as Readonly<Record<string, number>>;
    expect(Object.keys(sizes).length).toBe(333);
    for (const [name, cores] of Object.entries(sizes)) expect(findVmSize(name)?.cores, name).toBe(Number(/-(\d+)/.exec(name)?.[1] ?? cores));
  });

  test.each(['basic_a0', 'basic_a5', 'standard_d1\u212A', 'thisisinvalid', '', 'standard_', 'standard_d', 'standard_d0_v9', 'd2_v3', 'standard_d3_v3', 'standard_d16-2s_v9_', 'standard_a0', 'standard_d4-8s_v3', 'standard_z9_v1', 'standard_d2_v3; drop'])('%s is no size', (name) => {
    expect(findVmSize(name)).toBeUndefined();
  });
});

describe('a size tells', () => {
  test.each([
    ['Standard_D2_v3', { family: 'standardDv3Family', memoryMiB: 8192, temporaryDiskMiB: 51_200, gpus: 0, lowPriorityCapable: true }],
    ['STANDARD_NC4AS_T4_V3', { family: 'Standard NCASv3_T4 Family', memoryMiB: 28 * 1024, gpus: 1 }],
    ['standard_nd96asr_v4', { gpus: 8, lowPriorityCapable: false }],
    ['standard_m8-2ms', { displayName: 'standard_m8-2ms', family: 'standardMSFamily', cores: 2, memoryMiB: 218.75 * 1024 }],
    ['Standard_D8s_v6', { displayName: 'Standard_D8s_v6', family: 'standardDSv6Family', cores: 8, memoryMiB: 32 * 1024, temporaryDiskMiB: null }],
    ['Standard_NC6', { family: 'standardNCFamily', gpus: null }],
  ])('%s: what its table, its full size or its name says', (name, facts) => {
    expect(findVmSize(name)).toMatchObject(facts);
  });
});

describe('a name that is none', () => {
  test.each([
    ['Standard_D3_v3', 'Standard_D2_v3'],
    ['d2s_v3', 'Standard_D2s_v3'],
    ['Standrad_A1_v2', 'Standard_A1_v2'],
    ['standard-a1-v2', 'Standard_A1_v2'],
    [' Standard_F2s_v2', 'Standard_F2s_v2'],
    ['small1', 'Small'],
  ])('%s has a nearest one: %s', (name, nearest) => {
    expect(findVmSize(name)).toBeUndefined();
    expect(nearestSize(name)).toBe(nearest);
  });

  test.each(['', 'n1-standard-4', 'x'.repeat(100_000)])('%s has none', (name) => {
    expect(nearestSize(name)).toBeUndefined();
  });
});
