import { describe, expect, it } from 'vitest';
import { guid, templateHash, uniqueString } from '../../src/templates/names.ts';

describe('Names that templates make', () => {
  it.each([
    [['hello', 'world'], 'a7wkljktk6wne'],
    [['test example'], 'vgcxhwvqqm7my'],
    [['tyeth'], 'zcztcwvu6iyg6'],
  ])('uniqueString of %j is that of the real service', (texts, unique) => {
    expect(uniqueString(texts)).toBe(unique);
  });

  it.each(Array.from({ length: 18 }, (_, length) => 'a'.repeat(length)))('uniqueString of "%s" has 13 letters of base32', (text) => {
    expect(uniqueString([text])).toMatch(/^[a-z2-7]{13}$/);
  });

  it('guid is version 5 of a UUID in the namespace of Resource Manager', () => {
    // Python: uuid.uuid5(uuid.UUID('11fb06fb-712d-4ddd-98c7-e71bbd588830'), 'a-b-c')
    expect(guid(['a', 'b', 'c'])).toBe('a98fa280-e03f-5afa-8d8e-92d0a9c201e8');
    expect(guid(['x'.repeat(200)])).toBe('e89953b3-152f-552a-91a8-30b5c3c753ad');
  });

  it('the hash of a template is that of the documented example of calculateTemplateHash', () => {
    const template = {
      $schema: 'http://schemas.management.azure.com/deploymentTemplate?api-version=2014-04-01-preview',
      contentVersion: '1.0.0.0',
      parameters: { string: { type: 'string' } },
      variables: { string: 'string', int: 42, bool: true, array: [1, 2, 3, 4], object: { object: { vmSize: 'Large', location: 'West US' } } },
      resources: [],
      outputs: { string: { type: 'string', value: 'myvalue' } },
    };
    expect(templateHash(template)).toBe('695440707931307747');
  });
});
