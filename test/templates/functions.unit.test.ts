import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FUNCTIONS } from '../../src/templates/expression/functions/table.ts';
import type { Json } from '../../src/templates/json.ts';
import { GROUP, planned, refusalOf, SUBSCRIPTION, template, valueOf } from './support.ts';

const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/acc`;

/** Expressions and what they give; the type of the output that shows it follows from the value. */
const EXAMPLES: readonly (readonly [expression: string, value: Json])[] = [
  ["add(5, 3)", 8],
  ["and(true(), equals(1, 1))", true],
  ["and(false(), bool('no'))", false],
  ["array('a')", ['a']],
  ["array(createArray('a'))", ['a']],
  ["base64('one, ä')", 'b25lLCDDpA=='],
  ["base64ToJson('eyJhIjoxfQ==').a", 1],
  ["base64ToString('b25lLCDDpA==')", 'one, ä'],
  ["bool('True')", true],
  ["bool(0)", false],
  ["coalesce(null(), 'first', 'second')", 'first'],
  ["concat('a', 1, true())", 'a1True'],
  ["concat(createArray(1), createArray(1, 2))", [1, 1, 2]],
  ["contains('OneTwo', 'One')", true],
  ["contains('OneTwo', 'one')", false],
  ["contains(createObject('Key', 1), 'key')", true],
  ["contains(createArray(1, 2), 3)", false],
  ["createArray()", []],
  ["createObject('a', 1, 'b', createArray())", { a: 1, b: [] }],
  ["deployment().name", 'main'],
  ["deployment().properties.mode", 'Incremental'],
  ["div(-7, 2)", -3],
  ["empty('')", true],
  ["empty(createObject('a', 1))", false],
  ["empty(null())", true],
  ["endsWith('abcdef', 'EF')", true],
  ["environment().suffixes.storage", 'core.local'],
  ["equals('a', 'A')", false],
  ["equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))", true],
  ["extensionResourceId('/subscriptions/s', 'Microsoft.Authorization/roleAssignments', 'r')", '/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/r'],
  ["false()", false],
  ["first('One')", 'O'],
  ["first(createArray())", null],
  ["flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]],
  ["format('{0}, {{{1}}} {2:D3} {3:X}', 'Hello', true(), 7, 255)", 'Hello, {True} 007 FF'],
  ["format('{0,4}|{0,-4}|', 'ab')", '  ab|ab  |'],
  ["greater('b', 'a')", true],
  ["greaterOrEquals(2, 2)", true],
  ["guid('a', 'b', 'c')", 'a98fa280-e03f-5afa-8d8e-92d0a9c201e8'],
  ["if(true(), 'yes', parameters('none'))", 'yes'],
  ["indexOf('test', 'T')", 0],
  ["int('42')", 42],
  ["intersection(createArray(1, 2, 3), createArray(2, 3, 4))", [2, 3]],
  ["intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", { a: 1 }],
  ["items(createObject('b', 2, 'a', 1))", [{ key: 'a', value: 1 }, { key: 'b', value: 2 }]],
  ["join(createArray('a', 'b'), '-')", 'a-b'],
  ["json('{\"a\": [1.5, null]}')", { a: [1.5, null] }],
  ["last(createArray(1, 2))", 2],
  ["lastIndexOf('test', 't')", 3],
  ["length('abc')", 3],
  ["length(createObject('a', 1))", 1],
  ["less(1, 2)", true],
  ["lessOrEquals('b', 'a')", false],
  ["max(1, 3, 2)", 3],
  ["min(createArray(4, 2))", 2],
  ["mod(7, 3)", 1],
  ["mul(5, 3)", 15],
  ["not(false())", true],
  ["null()", null],
  ["objectKeys(createObject('a', 1, 'b', 2))", ['a', 'b']],
  ["or(false(), true())", true],
  ["padLeft('7', 3, '0')", '007'],
  ["parameters('count')", 3],
  ["range(5, 3)", [5, 6, 7]],
  ["replace('123-123', '2', '$&')", '1$&3-1$&3'],
  ["resourceGroup().location", 'westeurope'],
  ["resourceId('Microsoft.Batch/batchAccounts', 'acc')", ACCOUNT],
  ["resourceId('Microsoft.Batch/batchAccounts/pools', 'acc', 'p')", `${ACCOUNT}/pools/p`],
  ["resourceId('other', 'Microsoft.Batch/batchAccounts', 'acc')", `/subscriptions/${SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Batch/batchAccounts/acc`],
  ["resourceId('s', 'other', 'Microsoft.Batch/batchAccounts', 'acc')", '/subscriptions/s/resourceGroups/other/providers/Microsoft.Batch/batchAccounts/acc'],
  ["shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('A', 2)))", { a: 2 }],
  ["skip('abcdef', 4)", 'ef'],
  ["skip(createArray(1, 2, 3), 1)", [2, 3]],
  ["split('a,b;c', createArray(',', ';'))", ['a', 'b', 'c']],
  ["startsWith('abcdef', 'AB')", true],
  ["string(createObject('a', createArray(1)))", '{"a":[1]}'],
  ["sub(5, 7)", -2],
  ["subscription().subscriptionId", SUBSCRIPTION],
  ["subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')", `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r`],
  ["substring('one two', 4, 3)", 'two'],
  ["take('abc', 2)", 'ab'],
  ["take(createArray(1, 2), 9)", [1, 2]],
  ["tenant().tenantId", '00000000-0000-0000-0000-0000000000aa'],
  ["tenantResourceId('Microsoft.Authorization/policyDefinitions', 'p')", '/providers/Microsoft.Authorization/policyDefinitions/p'],
  ["toLower('ABC')", 'abc'],
  ["toUpper('abc')", 'ABC'],
  ["trim('  a ')", 'a'],
  ["true()", true],
  ["tryGet(createObject('a', createArray(1)), 'A', 0)", 1],
  ["tryGet(createObject('a', 1), 'b', 'c')", null],
  ["union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]],
  ["union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))", { a: { x: 1, y: 2 } }],
  ["uniqueString('hello', 'world')", 'a7wkljktk6wne'],
  ["uriComponent('a b/c')", 'a%20b%2Fc'],
  ["uriComponentToString('a%20b')", 'a b'],
  ["variables('base').name", "it's"],
];
/** Those that resources must be there for, or that only a loop or a default value has: other tests have them. */
const ELSEWHERE = ['copyIndex', 'listKeys', 'newGuid', 'reference', 'references', 'resourceInfo', 'utcNow'];

describe('Functions of templates', () => {
  it.each(EXAMPLES.map(([expression, value]) => ({ expression, value })))('$expression', ({ expression, value }) => {
    const parts = { parameters: { count: { type: 'int', defaultValue: 3 } }, variables: { base: { name: "it's" } } };
    expect(valueOf(`[${expression}]`, outputTypeOf(value), parts)).toEqual(value);
  });

  it('each has an example', () => {
    const shown = new Set(EXAMPLES.map(([expression]) => /^\w+/.exec(expression)?.[0]));
    expect(Object.keys(FUNCTIONS).filter((name) => !shown.has(name) && !ELSEWHERE.includes(name))).toEqual([]);
  });

  it('each has its name on the page for users, which has no others', () => {
    const page = readFileSync(new URL('../../docs/templates.md', import.meta.url), 'utf8');
    const [, table = ''] = /## Functions\n\n([^#]*?)\n\n/.exec(page) ?? [];
    expect([...table.matchAll(/`(\w+)`/g)].map(([, name]) => name).toSorted()).toEqual(Object.keys(FUNCTIONS).toSorted());
  });

  it('names of functions, parameters, variables and members are compared without case', () => {
    expect(valueOf("[toUPPER(Parameters('P').NAME)]", 'string', { parameters: { p: { type: 'object', defaultValue: { name: 'x' } } } })).toBe('X');
  });

  it('utcNow and newGuid stand in default values alone', () => {
    const { parameters } = planned(template({
      parameters: { day: { type: 'string', defaultValue: "[utcNow('yyyy-MM-dd')]" }, time: { type: 'string', defaultValue: '[utcNow()]' }, id: { type: 'string', defaultValue: '[newGuid()]' } },
    }));
    expect(parameters).toEqual({
      day: { type: 'String', value: '2026-11-30' },
      time: { type: 'String', value: '20261130T081542Z' },
      id: { type: 'String', value: '11111111-2222-4333-8444-555555555555' },
    });
    expect(refusalOf(() => valueOf('[newGuid()]')).message).toContain("The template function 'newGuid' is not expected at this location");
  });
});

describe('Texts of templates', () => {
  it.each([
    ['plain', 'plain'],
    ['[[literal]', '[literal]'],
    ['[not closed', '[not closed'],
    ["['it''s']", "it's"],
    ["[ concat( 'a' , 'b' ) ]", 'ab'],
    ["[createArray('a', createObject('b', 'c'))[1]['b']]", 'c'],
  ])('%s', (text, value) => {
    expect(valueOf(text)).toBe(value);
  });

  it.each([
    ["[concat('a'", "is not valid", false],
    ["[concat('a')]]", "expected token 'EndOfData' and actual 'RightSquareBracket' at position '11'", true],
    ["[concat('a'))]", "expected token 'EndOfData' and actual 'RightParenthesis'", true],
    ["[concat('a', )]", "expected token 'Identifier' and actual 'RightParenthesis'", true],
    ["[concat('a]", "the string constant at position '7' is not terminated", true],
    ['[a ? b]', "the string character '?' at position '2' is not expected", true],
    ['[2147483648]', "the value '2147483648' at position '0' cannot be converted to number", true],
    ["[listAccountSas('x', '2022-09-01')]", "The template function 'listAccountSas' at position '0' is not valid", true],
    ["[concat(cidrSubnet('10.0.0.0/16', 24, 0))]", "The template function 'cidrSubnet' at position '7' is not valid", true],
    ['[equals(1)]', "Unable to evaluate template language function 'equals': function requires exactly 2 argument(s) while 1 were provided", true],
    ["[toLower(5)]", "The template function 'toLower' expects its parameter at position '1' to be a string. The provided value is of type 'Integer'", true],
    ["[parameters('none')]", "The template parameter 'none' is not found", true],
    ["[variables('none')]", "The template variable 'none' is not found", true],
    ["[createObject('a', 1).b]", "The language expression property 'b' doesn't exist, available properties are 'a'.", true],
    ['[createArray(1)[1]]', "The language expression property array index '1' is out of bounds", true],
    ['[div(1, 0)]', 'attempted to divide by zero', true],
    ["[int('x')]", "The provided value 'x' cannot be converted to an integer", true],
    ["[resourceId('Microsoft.Batch/batchAccounts/pools', 'acc')]", "the type 'Microsoft.Batch/batchAccounts/pools' requires '2' resource name argument(s)", true],
    ['[copyIndex()]', "The template function 'copyIndex' is not expected at this location. The function can only be used in a resource or property with a copy loop", true],
    ["[reference('none')]", "The resource 'none' is not defined in the template", true],
  ])('%s is refused or not by what it says', (text, message, isRefused) => {
    if (!isRefused) return expect(valueOf(text)).toBe(text);
    const refusal = refusalOf(() => valueOf(text));
    expect(refusal.code).toBe('InvalidTemplate');
    expect(refusal.message).toContain(message);
    expect(refusal.message).toMatch(/^Deployment template validation failed: 'The template output 'it' at line '\d+' and column '\d+' is not valid: /);
  });
});

function outputTypeOf(value: Json): string {
  if (value === null) return 'object';
  if (Array.isArray(value)) return 'array';
  return { string: 'string', number: 'int', boolean: 'bool' }[String(typeof value)] ?? 'object';
}
