import { describe, expect, test } from 'vitest';
import { metadataOf, readMetadata } from '../../../src/cli/run/plan/metadata.ts';
import { refusalOf } from '../../../src/cli/run/account/refusal.ts';

describe("the service's own reason", () => {
  const message = { lang: 'en-us', value: 'The value provided for one of the properties in the request body is invalid.\nRequestId:1\nTime:2' };
  const values = [
    { key: 'PropertyName', value: 'vmSize' },
    { key: 'Reason', value: 'There is no such size\n of virtual machine.' },
  ];

  test('is shown with the values, where the fault is named', () => {
    const error = Object.assign(new Error('…'), { code: 'InvalidPropertyValue', statusCode: 400, body: { code: 'InvalidPropertyValue', message, values } });
    expect(refusalOf(error)?.message).toBe(
      'InvalidPropertyValue: The value provided for one of the properties in the request body is invalid. (PropertyName vmSize; Reason There is no such size of virtual machine.)',
    );
  });

  test('is read from the answer where the SDK has not parsed it', () => {
    const bodyAsText = JSON.stringify({ code: 'AuthenticationFailed', message: { value: 'No.' }, values: [{ key: 'AuthenticationErrorDetail', value: 'The MAC is another.' }] });
    const error = Object.assign(new Error('…'), { code: 'AuthenticationFailed', statusCode: 403, response: { bodyAsText } });
    expect(refusalOf(error)?.message).toBe('AuthenticationFailed: No. (AuthenticationErrorDetail The MAC is another.)');
  });

  test('of a service of this machine that is away says how to start it; of others it does not', () => {
    const refused = (host: string) => refusalOf(Object.assign(new Error(`connect ECONNREFUSED ${host}:10800`), { code: 'ECONNREFUSED' }))?.message;
    expect(refused('127.0.0.1')).toContain('linarite up');
    expect(refused('10.1.2.3')).not.toContain('linarite up');
  });
});

describe('what a job says of its run', () => {
  const run = { tasks: 3, outputs: ['*.avi'], to: 'output', ownPool: true, keep: false, keepPool: true, containers: ['linarite-j-out'] };

  test('is read as it was written', () => {
    expect(readMetadata([{ name: 'mine', value: 'x' }, ...metadataOf(run)])).toMatchObject(run);
  });

  test.each([[undefined], [[]], [[{ name: 'linarite.run', value: '{' }]], [[{ name: 'linarite.run', value: '{"version":2}' }]], [[{ name: 'linarite.run', value: '{"version":1,"tasks":"3"}' }]]])(
    'is not guessed: %j',
    (metadata) => {
      expect(readMetadata(metadata)).toBeUndefined();
    },
  );
});
