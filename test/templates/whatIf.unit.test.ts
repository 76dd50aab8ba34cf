import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/templates/json.ts';
import { whatIf } from '../../src/templates/whatIf.ts';
import { GROUP, planned, template } from './support.ts';

const STORAGE = { type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01', name: 'st', location: 'West Europe', sku: { name: 'Standard_LRS' }, tags: { env: 'test' } };
const ID = `${GROUP}/providers/Microsoft.Storage/storageAccounts/st`;
const NOW = { id: ID, resource: { id: ID, name: 'st', location: 'westeurope', sku: { name: 'Standard_LRS', tier: 'Standard' }, tags: { env: 'test' }, properties: { provisioningState: 'Succeeded' } } };

function changes(resource: JsonObject, current: typeof NOW | null = NOW): readonly unknown[] {
  return whatIf(planned(template({ resources: [{ ...STORAGE, ...resource }] })), 'Incremental', current === null ? [] : [current]);
}

describe('What a deployment would do', () => {
  it('is to create what is not there', () => {
    const { name, type, apiVersion, location, sku, tags } = STORAGE;
    expect(changes({}, null)).toEqual([{ changeType: 'Create', resourceId: ID, after: { id: ID, name, type, apiVersion, location, sku, tags } }]);
  });

  it('is nothing where all that the template says is so', () => {
    expect(changes({})).toMatchObject([{ changeType: 'NoChange', resourceId: ID }]);
  });

  it('is to modify what differs, property by property', () => {
    const current = { ...NOW, resource: { ...NOW.resource, tags: { env: 'test', old: 'x' }, properties: { allow: true, rules: [{ port: 1 }, { port: 2 }], subnet: '/subscriptions/S/x' } } };
    const [change] = changes({ sku: { name: 'Standard_GRS' }, tags: { env: 'prod' }, properties: { allow: true, note: 'new', rules: [{ port: 1 }, { port: 3 }, { port: 4 }], subnet: '/subscriptions/s/X' } }, current as never);
    expect(change).toMatchObject({
      changeType: 'Modify',
      delta: [
        { path: 'tags.env', propertyChangeType: 'Modify', before: 'test', after: 'prod' },
        { path: 'tags.old', propertyChangeType: 'Delete', before: 'x' },
        { path: 'properties.note', propertyChangeType: 'Create', after: 'new' },
        { path: 'properties.rules', propertyChangeType: 'Array', children: [{ path: '1.port', propertyChangeType: 'Modify', before: 2, after: 3 }, { path: '2', propertyChangeType: 'Create', after: { port: 4 } }] },
        { path: 'sku.name', propertyChangeType: 'Modify', before: 'Standard_LRS', after: 'Standard_GRS' },
      ].toSorted((a, b) => Number(a.path.startsWith('sku')) - Number(b.path.startsWith('sku'))),
    });
  });

  it('shows an expression where only the deployment can tell, and takes it for no change', () => {
    const current = { ...NOW, resource: { ...NOW.resource, properties: { key: 'x' } } };
    const key = "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'other'), '2022-09-01').keys[0].value]";
    expect(changes({ properties: { key } }, current as never)).toMatchObject([{ changeType: 'NoChange', after: { properties: { key } } }]);
  });

  it('leaves what the template does not name, or in mode Complete deletes it', () => {
    const other = { id: `${GROUP}/providers/Microsoft.Batch/batchAccounts/acc`, resource: { name: 'acc' } };
    const plan = planned(template({ resources: [STORAGE] }));
    expect(whatIf(plan, 'Incremental', [NOW, other])[1]).toEqual({ changeType: 'Ignore', resourceId: other.id, before: other.resource, after: other.resource });
    expect(whatIf(plan, 'Complete', [NOW, other])[1]).toEqual({ changeType: 'Delete', resourceId: other.id, before: other.resource });
  });
});
