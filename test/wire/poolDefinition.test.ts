import { describe, expect, it } from 'vitest';
import { readPoolDefinition } from '../../src/wire/poolDefinition.ts';

const MACHINE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts', version: 'latest' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const FORMULA = '$TargetDedicatedNodes = 3;\r\n$NodeDeallocationOption = taskcompletion;';
const REST = {
  id: 'render',
  vmSize: 'STANDARD_D4s_v3',
  virtualMachineConfiguration: MACHINE,
  enableAutoScale: true,
  autoScaleFormula: FORMULA,
  autoScaleEvaluationInterval: 'PT5M',
  taskSlotsPerNode: 4,
  taskSchedulingPolicy: { nodeFillType: 'Pack' },
  startTask: { commandLine: '/bin/sh -c true', waitForSuccess: true },
};
const ARM_MACHINE = { imageReference: MACHINE.imageReference, nodeAgentSkuId: MACHINE.nodeAgentSKUId };
const ARM = {
  name: 'account/render',
  type: 'Microsoft.Batch/batchAccounts/pools',
  identity: { type: 'UserAssigned', userAssignedIdentities: { '/subscriptions/s': {} } },
  properties: {
    vmSize: 'STANDARD_D4s_v3',
    deploymentConfiguration: { virtualMachineConfiguration: ARM_MACHINE },
    scaleSettings: { autoScale: { formula: FORMULA, evaluationInterval: 'PT5M' } },
    interNodeCommunication: 'Disabled',
    taskSlotsPerNode: 4,
    taskSchedulingPolicy: { nodeFillType: 'Pack' },
    startTask: { commandLine: '/bin/sh -c true', waitForSuccess: true },
  },
};
const AZ = {
  id: 'render',
  vm_size: 'STANDARD_D4s_v3',
  virtualMachineConfiguration: { ...ARM_MACHINE, osDisk: null },
  enableAutoScale: true,
  autoScaleFormula: FORMULA,
  autoScaleEvaluationInterval: '0:05:00',
  allocationState: 'steady',
  currentDedicatedNodes: 2,
  TaskSlotsPerNode: 4,
  task_scheduling_policy: { node_fill_type: 'Pack' },
  startTask: { commandLine: '/bin/sh -c true', waitForSuccess: true, containerSettings: null },
};

describe('A pool definition', () => {
  it('is the same in its three forms', () => {
    const { form, pool } = readPoolDefinition(REST, 'file');
    expect(form).toBe('rest');
    expect(pool).toMatchObject({ id: 'render', vmSize: 'standard_d4s_v3', taskSlotsPerNode: 4, enableAutoScale: true, autoScaleFormula: FORMULA });
    expect(readPoolDefinition(AZ, 'file')).toEqual({ form: 'az', pool });
    expect(readPoolDefinition(ARM, 'file')).toEqual({ form: 'arm', pool });
  });

  it('is found in a template, which may give it no name of its own', () => {
    const template = { $schema: 'x', resources: [{ type: 'Microsoft.Batch/batchAccounts', name: 'account' }, { ...ARM, name: "[concat(parameters('account'), '/render')]" }] };
    expect(readPoolDefinition(template, 'file').pool.id).toBe('file');
    expect(() => readPoolDefinition({ resources: [] }, 'file')).toThrow('no resource of the type Microsoft.Batch/batchAccounts/pools');
  });

  it('of a fixed size says so in Resource Manager in its own way', () => {
    const properties = { ...ARM.properties, scaleSettings: { fixedScale: { targetDedicatedNodes: 2, targetLowPriorityNodes: 28, resizeTimeout: 'PT8M', nodeDeallocationOption: 'TaskCompletion' } }, interNodeCommunication: 'Enabled' };
    const packages = [{ id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a/applications/blender', version: '4.1' }];
    const { pool } = readPoolDefinition({ properties: { ...properties, applicationPackages: packages } }, 'file');
    expect(pool).toMatchObject({ id: 'file', targetDedicatedNodes: 2, targetLowPriorityNodes: 28, resizeTimeout: 'PT8M', enableAutoScale: false, enableInterNodeCommunication: true });
    expect(pool.applicationPackageReferences).toEqual([{ applicationId: 'blender', version: '4.1' }]);
  });

  it('is read with the names of older versions, and those that newer ones have lost', () => {
    const { pool } = readPoolDefinition({ id: 'old', vmSize: 'small', cloudServiceConfiguration: { osFamily: '5' }, maxTasksPerNode: 2, targetDedicated: 3 }, 'file');
    expect(pool).toMatchObject({ taskSlotsPerNode: 2, targetDedicatedNodes: 3, cloudServiceConfiguration: { osFamily: '5', osVersion: '*' } });
  });

  it.each([
    [{ ...REST, vmSize: 'standard_x' }, 'vmSize'],
    [{ ...REST, taskSlots: 4 }, 'taskSlots'],
    [{ ...REST, taskSlotsPerNode: 'four' }, 'taskSlotsPerNode'],
    [{ id: 'render', virtualMachineConfiguration: MACHINE }, 'vmSize'],
    [{ ...ARM, properties: { ...ARM.properties, scaleSettings: { fixedScale: { targetDedicatedNodes: -1 } } } }, 'targetDedicatedNodes'],
  ])('is refused as the service refuses it (%#)', (definition, property) => {
    let values: unknown;
    try {
      readPoolDefinition(definition, 'file');
    } catch (error) {
      values = Reflect.get(error as object, 'values');
    }
    expect(JSON.stringify(values)).toContain(property);
  });

  it.each([null, [], 'pool', { properties: 3 }])('is an object (%j)', (json) => {
    expect(() => readPoolDefinition(json, 'file')).toThrow(/object/);
  });
});
