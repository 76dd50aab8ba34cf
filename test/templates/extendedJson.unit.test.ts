import { describe, expect, it } from 'vitest';
import { readExtendedJson } from '../../src/templates/extendedJson.ts';

describe('JSON as Resource Manager takes it', () => {
  it.each<[string, string, unknown]>([
    ['comments', '{ // one "\n "a": /* two */ 1 }', { a: 1 }],
    ['what looks like a comment in a text', '{"a": "http://x/*y*/"}', { a: 'http://x/*y*/' }],
    ['a text of several lines', '{"a": "[concat(\r\n\t\'b\')]"}', { a: "[concat(\r\n\t'b')]" }],
    ['names without quotes', '{template: {a_1 :true}, "b": null}', { template: { a_1: true }, b: null }],
    ['escapes', String.raw`{"a\"": "\\\" // é"}`, { 'a"': '\\" // é' }],
  ])('has %s', (_, text, value) => {
    expect(readExtendedJson(text)).toEqual(value);
  });

  it.each([
    ['comments', '/* '.repeat(1_400_000)],
    ['texts', `"${String.raw`\"`.repeat(2_000_000)}`],
    ['words', 'a'.repeat(4_000_000)],
  ])('is refused at once where 4 MB of %s have no end', (_, text) => {
    const begun = performance.now();
    expect(() => readExtendedJson(text)).toThrow(Error);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
