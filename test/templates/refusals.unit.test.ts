import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/templates/json.ts';
import { GROUP, planned, refusalOf, template, valueOf } from './support.ts';

const POOL = { type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-02-01', name: 'acc/pool' };
const STORAGE = { type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01', name: 'st' };

function resources(...all: readonly JsonObject[]): JsonObject {
  return template({ resources: all });
}

describe('A template is refused', () => {
  it('with the place of the resource: the brace that it begins with', () => {
    const refusal = refusalOf(() => planned(resources({ ...POOL, properties: { vmSize: "[parameters('size')]" } })));
    expect(refusal).toMatchObject({ code: 'InvalidTemplate', line: 5, column: 5 });
    expect(refusal.message).toBe("Deployment template validation failed: 'The template resource 'acc/pool' at line '5' and column '5' is not valid: The template parameter 'size' is not found. Please see https://aka.ms/arm-template-expressions for usage details.'.");
  });

  it.each<[string, JsonObject, string, string]>([
    ['without a schema', { contentVersion: '1.0.0.0', resources: [] }, 'InvalidTemplate', "Deployment template parse failed: 'Required property '$schema' not found in JSON. Path '', line 1, position 1.'."],
    ['with the schema of something else', template({ $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#' }), 'InvalidTemplate', 'Template schema'],
    ['with a content version of another form', template({ contentVersion: '1' }), 'InvalidTemplate', "The template content version '1' is not valid"],
    ['of an unknown language version', template({ languageVersion: '2.1-experimental' }), 'InvalidTemplate', 'The template language version "2.1-experimental" is not supported'],
    ['with an unknown part', template({ resource: [] }), 'InvalidRequestContent', "Could not find member 'resource' on object of type 'Template'. Path 'resource', line 5, position 15."],
    ['with functions of its own, named', template({ functions: [{ namespace: '__bicep', members: { f: {} } }] }), 'InvalidTemplate', "The template functions '__bicep.f' are not served"],
    ['with an unknown member of a resource', resources({ ...POOL, vmSize: 'x' }), 'InvalidRequestContent', "Could not find member 'vmSize' on object of type 'TemplateResource'. Path 'resources[0].vmSize'"],
    ['with a resource without a version', resources({ type: POOL.type, name: POOL.name }), 'InvalidTemplate', "Required property 'apiVersion' not found in JSON. Path 'resources[0]', line 5, position 5."],
    ['with symbols in language version 1.0', template({ resources: { a: POOL } }), 'InvalidTemplate', 'The template resources must be an array'],
    ['with more names than the type has', resources({ ...POOL, name: 'pool' }), 'InvalidTemplate', "The template resource 'pool' for type 'Microsoft.Batch/batchAccounts/pools' at line '5' and column '5' has incorrect segment lengths"],
    ['with a resource twice', resources(STORAGE, { ...STORAGE, name: 'ST' }), 'InvalidTemplate', "The resource 'Microsoft.Storage/storageAccounts/ST' at line '10' and column '5' is defined multiple times in a template"],
    ['that waits for what it does not have', resources({ ...POOL, dependsOn: ['acc'] }), 'InvalidTemplate', "The resource 'acc' is not defined in the template"],
    ['that waits in a circle', resources({ ...POOL, dependsOn: ['st'] }, { ...STORAGE, properties: { id: "[reference('acc/pool').id]" } }), 'InvalidTemplate', 'Circular dependency detected on resource:'],
    ['that asks its own resource', resources({ ...STORAGE, properties: { keys: "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'st'), '2022-09-01')]" } }), 'InvalidTemplate', `Circular dependency detected on resource: '${GROUP}/providers/Microsoft.Storage/storageAccounts/st'`],
    ['that asks resources for a name', resources({ ...STORAGE, name: "[reference('x').name]" }), 'InvalidTemplate', "The template function 'reference' is not expected at this location"],
    ['that asks resources for a variable', template({ variables: { v: "[listKeys('x', '2022-09-01')]" } }), 'InvalidTemplate', "The template variable 'v' at line '6' and column '40' is not valid: The template function 'listKeys' is not expected at this location"],
    ['that asks what is not in it without a version', resources({ ...STORAGE, properties: { x: `[reference('${GROUP}/providers/Microsoft.Batch/batchAccounts/acc').y]` } }), 'InvalidTemplate', 'is not defined in the template'],
    ['with a condition that is no boolean', resources({ ...STORAGE, condition: 'yes' }), 'InvalidTemplate', `The condition must be a boolean, and is '"yes"'`],
    ['with a copy of too many', resources({ ...STORAGE, copy: { name: 'c', count: 801 } }), 'InvalidTemplate', "Copy count must be an integer from 0 to '800', and is '801'"],
    ['with a copy of an unknown mode', resources({ ...STORAGE, copy: { name: 'c', count: 1, mode: 'Random' } }), 'InvalidTemplate', "The copy mode '\"Random\"' is none of 'Parallel, Serial'"],
    ['with a scope that is none', resources({ ...STORAGE, scope: 'somewhere' }), 'InvalidTemplate', "The scope 'somewhere' is not served"],
    ['with an output of another type', template({ outputs: { o: { type: 'int', value: 'x' } } }), 'InvalidTemplate', "Template output JToken type is not valid. Expected 'Integer'. Actual 'String'"],
    ['with variables that need each other', template({ variables: { a: "[variables('b')]", b: "[variables('a')]" } }), 'InvalidTemplate', "The template variables 'a, b' need each other in a circle"],
    ['with a type that refers to itself', template({ languageVersion: '2.0', definitions: { t: { $ref: '#/definitions/t' } }, parameters: { p: { $ref: '#/definitions/t' } } }), 'InvalidTemplate', "refers to '#/definitions/t', which is not defined"],
    ['with a parameter of an unknown type', template({ parameters: { p: { type: 'float' } } }), 'InvalidTemplate', 'The type "float" of \'p\''],
    ['with a rule for a parameter that is not served, by name', template({ parameters: { p: { type: 'string', discriminator: {} } } }), 'InvalidTemplate', "has the property 'discriminator', which is not served"],
  ])('%s', (_, source, code, message) => {
    const refusal = refusalOf(() => planned(source));
    expect(refusal.code).toBe(code);
    expect(refusal.message).toContain(message);
  });
});

describe('Parameters are refused', () => {
  const PARAMETERS = template({
    parameters: {
      name: { type: 'string', minLength: 3, maxLength: 5 },
      sku: { type: 'string', allowedValues: ['small', 'large'], defaultValue: 'small' },
      count: { type: 'int', minValue: 1, maxValue: 9, defaultValue: 1 },
      secret: { type: 'securestring', minLength: 8, defaultValue: 'xxxxxxxx' },
      size: { type: 'object', properties: { width: { type: 'int' } }, additionalProperties: false, defaultValue: { width: 1 } },
      tags: { type: 'array', items: { type: 'string' }, defaultValue: [] },
    },
  });

  it.each<[string, JsonObject, string]>([
    ['that is missing', {}, "The value for the template parameter 'name' at line '6' and column '13' is not provided"],
    ['that the template does not have', { name: 'abc', other: 1, more: 2 }, "The template parameters 'other, more' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are 'name, sku, count, secret, size, tags'"],
    ['of another type', { name: 5 }, "Template parameter JToken type is not valid. Expected 'String, Uri'. Actual 'Integer'"],
    ['that is too short', { name: 'ab' }, "The provided value 'ab' for the template parameter 'name' at line '6' and column '13' is not valid. Length of the value should be greater than or equal to '3'"],
    ['that is too long', { name: 'abcdef' }, "Length of the value should be less than or equal to '5'"],
    ['that is not allowed', { name: 'abc', sku: 'huge' }, "The provided value 'huge' for the template parameter 'sku' at line '11' and column '12' is not valid. The parameter value is not part of the allowed value(s): 'small,large'"],
    ['that is too small', { name: 'abc', count: 0 }, "The parameter value should be greater than or equal to '1'"],
    ['that is too large', { name: 'abc', count: 10 }, "The parameter value should be less than or equal to '9'"],
    ['with a part of another type', { name: 'abc', size: { width: 'x' } }, "The parameter is 'size.width'"],
    ['with a part missing', { name: 'abc', size: {} }, "It has no member 'width'"],
    ['with a part too many', { name: 'abc', size: { width: 1, depth: 2 } }, "The member 'depth' is not expected"],
    ['with a member of another type', { name: 'abc', tags: [1] }, "The parameter is 'tags[0]'"],
  ])('%s', (_, given, message) => {
    expect(refusalOf(() => planned(PARAMETERS, given)).message).toContain(message);
  });

  it('that is a secret, without telling it', () => {
    const { message } = refusalOf(() => planned(PARAMETERS, { name: 'abc', secret: 'hunter2' }));
    expect(message).toContain("The provided value for the template parameter 'secret'");
    expect(message).not.toContain('hunter2');
  });

  it('at no bound itself', () => {
    const plan = planned(PARAMETERS, { name: 'abcde', sku: 'LARGE', count: 9, secret: 'hunter22' });
    expect(plan.parameters).toMatchObject({ count: { type: 'Int', value: 9 } });
  });
});

describe('A template that grows without end is refused', () => {
  const many = (count: number, of: (index: number) => JsonObject): JsonObject => Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, of(index)]));

  it.each<[string, (over: number) => JsonObject, string]>([
    ['256 parameters', (over) => template({ parameters: many(256 + over, () => ({ type: 'int', defaultValue: 1 })) }), "The number of template parameters limit exceeded. Limit: '256' and actual: '257'"],
    ['256 variables', (over) => template({ variables: many(256 + over, () => ({})) }), "The number of template variables limit exceeded. Limit: '256' and actual: '257'"],
    ['64 outputs', (over) => template({ outputs: many(64 + over, () => ({ type: 'int', value: 1 })) }), "The number of template outputs limit exceeded. Limit: '64' and actual: '65'"],
    ['800 resources', (over) => resources(...Array.from({ length: 800 + over }, (_, index) => ({ ...STORAGE, name: `st${index}` }))), "The number of template resources limit exceeded. Limit: '800' and actual: '801'"],
    ['800 resources of loops', (over) => resources({ ...STORAGE, name: "[concat('a', copyIndex())]", copy: { name: 'a', count: 400 } }, { ...STORAGE, name: "[concat('b', copyIndex())]", copy: { name: 'b', count: 400 + over } }), 'The number of template resources limit exceeded'],
    ['24,576 characters of an expression', (over) => template({ variables: { v: `[concat('${'x'.repeat(24_576 - 10 + over)}')]` } }), "The template language expression limit exceeded. Limit: '24576' and actual: '24577'"],
    ['131,072 characters of a text', (over) => template({ variables: { v: 'x'.repeat(131_072 + over) } }), "The template literal limit exceeded. Limit: '131072' and actual: '131073'"],
    ['10,000 numbers of range()', (over) => template({ variables: { v: `[length(range(0, ${10_000 + over}))]` } }), "the count '10001' must be from 0 to 10000"],
  ])('beyond %s, and not at it', (_, source, message) => {
    expect(() => planned(source(0))).not.toThrow();
    const refusal = refusalOf(() => planned(source(1)));
    expect(refusal.code).toBe('InvalidTemplate');
    expect(refusal.message).toContain(message);
  });

  it('where variables double each other', () => {
    const doubling = (form: (before: string) => string): JsonObject => ({ v0: form("'x'"), ...Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`v${index + 1}`, form(`variables('v${index}')`)])) });
    for (const form of [(of: string) => `[concat(string(${of}), string(${of}))]`, (of: string) => `[createArray(${of}, ${of})]`, (of: string) => `[createObject('a', ${of}, 'b', ${of})]`])
      expect(refusalOf(() => planned(template({ variables: doubling(form) }))).message).toContain('The template literal limit exceeded');
  });

  it.each([
    ['replace', "[replace(variables('long'), 'x', variables('long'))]"],
    ['join', "[join(range(0, 10000), variables('long'))]"],
    ['format', "[format('{0}{0}', variables('long'))]"],
    ['format with a width', "[format('{0,1000000000}', 'x')]"],
    ['padLeft', "[padLeft('x', 1000000000)]"],
    ['concat', "[concat(variables('long'), variables('long'))]"],
  ])('where %s makes a long text, before it is made', (_, expression) => {
    expect(refusalOf(() => planned(template({ variables: { long: 'x'.repeat(131_072), v: expression } }))).message).toContain("The template literal limit exceeded. Limit: '131072'");
  });

  it('where calls or values are too deep', () => {
    expect(refusalOf(() => valueOf(`[${'string('.repeat(129)}1${')'.repeat(129)}]`)).message).toContain("is nested deeper than '128' levels");
    const deep = Array.from({ length: 100 }).reduce<JsonObject>((inner) => ({ a: inner }), {});
    expect(refusalOf(() => planned(template({ variables: { deep } }))).message).toContain("The reader's MaxDepth of 64 has been exceeded");
    expect(refusalOf(() => planned(template({ parameters: { p: { type: 'object' } } }), { p: deep })).message).toContain("The reader's MaxDepth of 64 has been exceeded");
  });

  it('where it takes more work than one deployment may', () => {
    const variables = { numbers: '[range(0, 1)]', ...Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`v${index}`, { copy: [{ name: 'x', count: 800, input: `[concat(${Array.from({ length: 10 }, () => "string('a')").join(', ')})]` }] }])) };
    expect(refusalOf(() => planned(template({ variables }))).message).toContain('The template takes more work to evaluate than one deployment may');
  });
});
