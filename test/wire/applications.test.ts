import { describe, expect, test } from 'vitest';
import { applicationIdOf, isPackageVersion, packageOf, packageVariable } from '../../src/wire/applications.ts';

const ARM = '/subscriptions/1/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/MyAccount/applications/Tool';
const packages = [
  { application: 'Tool', version: '1.0', isDefault: false },
  { application: 'Tool', version: '2.0-Beta', isDefault: true },
  { application: 'other', version: '1', isDefault: false },
];

describe('a reference to a package', () => {
  test.each([
    [{ applicationId: 'tool', version: '1.0' }, '1.0'],
    [{ applicationId: 'TOOL', version: '2.0-BETA' }, '2.0-Beta'],
    [{ applicationId: 'Tool' }, '2.0-Beta'],
    [{ applicationId: ARM }, '2.0-Beta'],
  ])('%j leads to %s', (reference, version) => {
    expect(packageOf(reference, 'myaccount', packages)).toMatchObject({ application: 'Tool', version });
  });

  test.each([
    [{ applicationId: 'tool', version: '3' }, /does not exist/],
    [{ applicationId: 'none' }, /does not exist/],
    [{ applicationId: ARM.replace('MyAccount', 'another') }, /does not exist/],
    [{ applicationId: 'other' }, /has no default version/],
  ])('%j leads to none: %s', (reference, reason) => {
    expect(packageOf(reference, 'myaccount', packages)).toMatch(reason);
  });

  test.each([
    ['Agent-linux-x64', '1.1.46.0', undefined, 'AZ_BATCH_APP_PACKAGE_Agent_linux_x64'],
    ['Agent-linux-x64', '1.1.46.0', '1.1.46.0', 'AZ_BATCH_APP_PACKAGE_Agent_linux_x64_1_1_46_0'],
    ['my_app', '2.0-b', '2.0-B', 'AZ_BATCH_APP_PACKAGE_my_app_2_0_b'],
  ])('to %s %s, asked for as %s, is found by %s', (application, version, asked, variable) => {
    expect(packageVariable({ application, version, isDefault: true }, { applicationId: application, version: asked })).toBe(variable);
  });
});

test('names are those that the management plane takes', () => {
  expect(['a', 'A_b-1', 'x'.repeat(64), '', 'a b', 'a.b', 'x'.repeat(65), 'a/b'].map((text) => applicationIdOf(text) !== undefined)).toEqual([true, true, true, false, false, false, false, false]);
  expect(['1', '_1', '1.0-b_c', 'x'.repeat(64), '', '.1', '1/2', 'x'.repeat(65)].map(isPackageVersion)).toEqual([true, true, true, true, false, false, false, false]);
});
