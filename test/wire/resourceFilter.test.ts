import { describe, expect, test } from 'vitest';
import { ManagementError } from '../../src/wire/management/errors.ts';
import { GROUP_FILTER, RESOURCE_FILTER, resourceFilter, type FilteredResource } from '../../src/wire/management/resourceFilter.ts';

const ACCOUNT: FilteredResource = { name: 'MyAccount', resourceType: 'Microsoft.Batch/batchAccounts', resourceGroup: 'demo-1', location: 'westeurope', tags: { Team: 'Blue', cost: "it's 1" } };

function messageOf(text: string, properties = RESOURCE_FILTER): string {
  try {
    resourceFilter(text, properties);
  } catch (error) {
    if (error instanceof ManagementError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

describe('the $filter of a list of resources', () => {
  test.each([
    ['', true],
    ["name eq 'myaccount'", true],
    ["name eq 'myaccoun'", false],
    ["Name ne 'myaccount'", false],
    ["resourceType eq 'microsoft.batch/batchaccounts'", true],
    ["resourceType eq 'Microsoft.Storage/storageAccounts'", false],
    ["resourceGroup eq 'DEMO-1' and resourceType eq 'Microsoft.Batch/batchAccounts'", true],
    ["resourceGroup eq 'demo-1' and resourceType ne 'Microsoft.Batch/batchAccounts'", false],
    ["location eq 'West Europe'", true],
    ["substringof('acc', name)", true],
    ["substringof('emo', resourceGroup) and substringof('x', name)", false],
    ["substringof('x', name) or substringof('my',name)", true],
    ["name eq 'a' or name eq 'myaccount' and location eq 'eastus'", false],
    ["tagName eq 'team'", true],
    ["tagname eq 'team' and tagvalue eq 'Blue'", true],
    ["tagName eq 'team' and tagValue eq 'blue'", false],
    ["tagName eq 'cost' and tagValue eq 'Blue'", false],
    ["tagName eq 'cost' and tagValue eq 'it''s 1'", true],
    ["startswith(tagname, 'TE')", true],
    ["startswith(tagName, 'eam')", false],
  ])('%s is %s of an account', (text, expected) => {
    expect(resourceFilter(text, RESOURCE_FILTER)(ACCOUNT)).toBe(expected);
  });

  test.each([
    ["plan eq 'x'", "cannot be filtered by 'plan'"],
    ["identity/principalId eq 'x'", "cannot be filtered by 'identity/principalId'"],
    ["startswith(name, 'x')", "'name' cannot be compared by 'startswith'"],
    ["substringof('x', resourceType)", "'resourceType' cannot be compared by 'substringof'"],
    ["tagName ne 'x'", "'tagName' cannot be compared by 'ne'"],
    ["tagName eq 'x' and name eq 'y'", 'Conditions on tags are joined'],
    ["tagName eq 'x' or tagName eq 'y'", 'Conditions on tags are joined'],
    ["tagValue eq 'x'", "needs the 'tagName'"],
    ["$filter=name eq 'x'", 'is none of the forms'],
    ['name eq "x"', 'is none of the forms'],
    ["name eq 'x' and ", 'is none of the forms'],
    ["not name eq 'x'", 'is none of the forms'],
    ["(name eq 'x')", 'is none of the forms'],
    [`name eq '${'x'.repeat(9_000)}'`, 'at most 8192 characters'],
  ])('%s is refused by name', (text, reason) => {
    expect(messageOf(text)).toMatch(/^InvalidFilterInQueryString: Invalid \$filter '/);
    expect(messageOf(text)).toContain(reason);
  });

  test('knows tags alone for groups', () => {
    expect(messageOf("tagName eq 'a' and tagValue eq 'b'", GROUP_FILTER)).toBe('taken');
    expect(messageOf("name eq 'a'", GROUP_FILTER)).toContain("cannot be filtered by 'name', only by tagName, tagValue.");
  });
});
