import { describe, expect, test } from 'vitest';
import { opened, openedCertificate, sealedCertificate, sealedText, SPECIFICATIONS } from '../../src/store/sealedSpecs.ts';
import { createSealing } from '../../src/store/sealing.ts';

const sealing = createSealing(new Uint8Array(32).fill(1));

describe('where a specification can hold secrets', () => {
  test('follows from the shapes: of tasks it is the registry, of pools all that lets somebody in', () => {
    const names = (paths: readonly (readonly string[])[]): readonly string[] => paths.map((path) => path.join('.')).toSorted();
    expect(names(SPECIFICATIONS['task.spec'])).toEqual(['containerSettings.registry.password']);
    expect(names(SPECIFICATIONS['pool.spec'])).toEqual([
      'mountConfiguration.azureBlobFileSystemConfiguration.accountKey',
      'mountConfiguration.azureBlobFileSystemConfiguration.sasKey',
      'mountConfiguration.azureFileShareConfiguration.accountKey',
      'mountConfiguration.cifsMountConfiguration.password',
      'startTask.containerSettings.registry.password',
      'userAccounts.linuxUserConfiguration.sshPrivateKey',
      'userAccounts.password',
      'userAccounts.sshPrivateKey',
      'virtualMachineConfiguration.containerConfiguration.containerRegistries.password',
      'virtualMachineConfiguration.extensions.protectedSettings',
    ]);
    expect(names(SPECIFICATIONS['job_schedule.job'])).toContain('manager.spec.containerSettings.registry.password');
    expect(names(SPECIFICATIONS['job.spec'])).toContain('jobPreparationTask.containerSettings.registry.password');
  });
});

describe('a specification', () => {
  const spec = { commandLine: 'echo "password"', containerSettings: { imageName: 'i', registry: { username: 'u', password: 'open sesame' } } };
  const sealed = sealedText('task.spec', JSON.stringify(spec), sealing);

  test('has no secret left once it is sealed, and is as it was once it is opened', () => {
    expect(sealed).not.toContain('open sesame');
    expect(opened('task.spec', JSON.parse(sealed), sealing)).toEqual(spec);
  });

  test('that is sealed already is not sealed again', () => {
    expect(sealedText('task.spec', sealed, sealing)).toBe(sealed);
  });

  test('without secrets stays the same text, also where it speaks of passwords', () => {
    const text = JSON.stringify({ commandLine: 'x', environmentSettings: [{ name: 'password', value: 'y' }], containerSettings: { imageName: 'i' } });
    expect(sealedText('task.spec', text, sealing)).toBe(text);
  });

  test('of an earlier version is handed on as it stands', () => {
    expect(opened('task.spec', spec, sealing)).toBe(spec);
  });

  test('is not opened with another key', () => {
    expect(() => opened('task.spec', JSON.parse(sealed), createSealing(new Uint8Array(32).fill(2)))).toThrow('sealed under another key');
  });

  test('has a secret that looks like one that is sealed sealed as well', () => {
    const odd = { commandLine: 'x', containerSettings: { imageName: 'i', registry: { password: '{"sealed":"v1:AAAA"}' } } };
    const text = sealedText('task.spec', JSON.stringify(odd), sealing);
    expect(text).not.toContain('AAAA');
    expect(opened('task.spec', JSON.parse(text), sealing)).toEqual(odd);
  });
});

test('a certificate is opened as it was sealed, and as an earlier version has it', () => {
  const sealed = sealedCertificate({ data: Buffer.from('file'), password: 'open sesame' }, sealing);
  const data = Buffer.from('file').toString('base64');
  expect(openedCertificate({ sealed, data: null, password: null }, sealing)).toEqual({ data, password: 'open sesame' });
  expect(openedCertificate({ sealed: null, data, password: null }, sealing)).toEqual({ data, password: null });
});
