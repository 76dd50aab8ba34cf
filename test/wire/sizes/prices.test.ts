import { afterEach, describe, expect, test } from 'vitest';
import { findVmSize, nearestSize } from '../../../src/wire/sizes/find.ts';
import { readOwnSizes, useOwnSizes } from '../../../src/wire/sizes/own.ts';
import { DEFAULT_REGION, hourlyPrice, PRICED_REGIONS } from '../../../src/wire/sizes/prices.ts';
import { TABLE } from '../../../src/wire/sizes/table.ts';

afterEach(() => useOwnSizes(readOwnSizes('size')));

describe('the price of an hour', () => {
  test.each([
    ['Standard_A1_v2', 'dedicated', 'westeurope', 0.041],
    ['standard_a1_v2', 'low', 'West Europe', 0.008],
    ['standard_d2s_v3', 'dedicated', 'westeurope', 0.12],
    ['standard_d2s_v3', 'low', 'westeurope', 0.024],
    ['standard_d2s_v3', 'dedicated', 'EastUS', 0.096],
    ['standard_d2s_v3', 'low', 'eastus', 0.0192],
    ['standard_e16ads_v5', 'low', 'eastus', 0.4192],
    ['standard_m8-2ms', 'dedicated', 'eastus', hourlyPrice('standard_m8ms', 'dedicated', 'eastus')],
    ['standard_nd96asr_v4', 'low', 'eastus', null],
    ['standard_nd96asr_v4', 'dedicated', 'westeurope', null],
    ['standard_a1_v2', 'dedicated', 'mars', null],
    ['nothing', 'low', 'eastus', null],
  ] as const)('%s %s in %s: %d', (size, kind, region, price) => {
    expect(hourlyPrice(size, kind, region)).toBe(price);
  });

  test('every price of the tables is a number above 0, and low-priority nodes cost less', () => {
    let known = 0;
    for (const name of TABLE.keys()) {
      for (const region of PRICED_REGIONS) {
        const [dedicated, low] = [hourlyPrice(name, 'dedicated', region), hourlyPrice(name, 'low', region)];
        if (dedicated === null) continue;
        known += 1;
        expect(dedicated, name).toBeGreaterThan(0);
        if (low !== null) expect([low > 0, low < dedicated / 2], `${name} ${region}`).toEqual([true, true]);
      }
    }
    expect(known).toBeGreaterThan(600);
    expect(PRICED_REGIONS).toContain(DEFAULT_REGION);
  });
});

describe("the operator's own file", () => {
  test('comes before the tables, column by column; what it leaves empty stays', () => {
    useOwnSizes(readOwnSizes('# ours\nsize,cores,memoryGiB,region,dedicated,low,gpus\r\nstandard_d2s_v3,,,,0.5,,\nlab_big,64,256.5,Lab 1,2,0,4\nlab_big,,,lab2,3,,\n'));
    expect(findVmSize('Standard_D2S_v3')).toMatchObject({ displayName: 'Standard_D2s_v3', cores: 2, family: 'standardDSv3Family' });
    expect(hourlyPrice('standard_d2s_v3', 'dedicated', 'eastus')).toBe(0.5);
    expect(hourlyPrice('standard_d2s_v3', 'low', 'eastus')).toBe(0.0192);
    expect(findVmSize('LAB_BIG')).toEqual({ displayName: 'lab_big', name: 'lab_big', family: 'ownFamily', cores: 64, memoryMiB: 256.5 * 1024, temporaryDiskMiB: null, gpus: 4, lowPriorityCapable: true });
    expect(['lab1', 'lab2', 'lab3'].map((region) => [hourlyPrice('lab_big', 'dedicated', region), hourlyPrice('lab_big', 'low', region)])).toEqual([[2, 0], [3, null], [null, null]]);
    expect(nearestSize('labbig')).toBe('lab_big');
  });

  test.each([
    ['', 'line 1: The first line must name the columns, size among them.'],
    ['cores', 'line 1: The column size is missing.'],
    ['size,colour', 'line 1: There is no column "colour"; there are size, cores, memoryGiB, temporaryDiskGiB, gpus, family, lowPriority, region, dedicated, low.'],
    ['size,Size', 'line 1: A column stands there twice.'],
    ['size\n\nnew', 'line 3: new is a size of your own: it needs cores and memoryGiB.'],
    ['size\na b', 'line 2: "a b" cannot be the name of a size.'],
    ['size,cores\nsmall,0', 'line 2: cores must be a whole number from 1 to 4096, not "0".'],
    ['size,cores\nsmall,1.5', 'line 2: cores must be a whole number from 1 to 4096, not "1.5".'],
    ['size,low\nsmall,-1', 'line 2: low must be a number from 0 to 100000, not "-1".'],
    ['size,low\nsmall,1e3', 'line 2: low must be a number from 0 to 100000, not "1e3".'],
    ['size,lowPriority\nsmall,yes', 'line 2: lowPriority must be true or false, not "yes".'],
    ['size\nsmall,1', 'line 2: There are 2 fields, but 1 columns.'],
    ['size,region\nsmall,a\nSMALL,A', 'line 3: Small stands there twice for A.'],
  ])('is refused with its line: %j', (text, message) => {
    expect(() => readOwnSizes(text)).toThrow(message);
  });
});
