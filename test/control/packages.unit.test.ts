import { expect, test } from 'vitest';
import { applicationsIn, packagesWork } from '../../src/control/packages.ts';

const activatedAt = Date.UTC(2019, 7, 26, 1, 57, 30);
const active = [{ application: 'Test-App', version: '1.0', isDefault: true, container: 'app-c', activation: 7, activatedAt }];
const source = { accountName: 'a', active, sign: { container: (container: string, blob?: string) => `http://storage/${container}/${blob}`, url: () => null, endpoint: (account: string) => account } };

test('an agent is told where a package is and how it is found, each activation in a directory of its own', () => {
  const found = { kind: 'package', application: 'Test-App', version: '1.0', directory: 'Test-App1.02019-08-26-01-57-7', url: 'http://storage/app-c/1.0' };
  expect(packagesWork([{ applicationId: 'test-app', version: '1.0' }, { applicationId: 'test-app' }], source)).toEqual([
    { ...found, variable: 'AZ_BATCH_APP_PACKAGE_Test_App_1_0' },
    { ...found, variable: 'AZ_BATCH_APP_PACKAGE_Test_App' },
  ]);
});

test('an agent is told of one that there is not, and why', () => {
  expect(packagesWork([{ applicationId: 'none', version: '2' }], source)).toEqual([{ kind: 'missing', application: 'none', version: '2', reason: 'The specified application package does not exist.' }]);
});

test('applications are looked up by their ids, whichever way they are named', () => {
  const full = '/subscriptions/1/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a/applications/full';
  expect(applicationsIn([{ applicationId: 'short' }, { applicationId: full, version: '1' }])).toEqual(['short', 'full']);
});
