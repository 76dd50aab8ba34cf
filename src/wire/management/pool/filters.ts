import { armValue } from './spelling.ts';
import { ENUMS } from '../../shapes/enums.ts';
import type { FilterTable, LiteralType } from '../../odata.ts';

const EQUALITY = ['eq', 'ne'] as const;
const ORDER = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
const TEXT = [...ORDER, 'startswith'] as const;

/** What lists of pools can be filtered by (API reference, "Pool - List By Batch Account"). */
export const POOL_FILTERS: FilterTable = {
  name: TEXT,
  'properties/allocationState': EQUALITY,
  'properties/allocationStateTransitionTime': ORDER,
  'properties/creationTime': ORDER,
  'properties/provisioningState': EQUALITY,
  'properties/provisioningStateTransitionTime': ORDER,
  'properties/lastModified': ORDER,
  'properties/vmSize': TEXT,
  'properties/interNodeCommunication': EQUALITY,
  'properties/scaleSettings/autoScale': EQUALITY,
  'properties/scaleSettings/fixedScale': EQUALITY,
};

const VALUES: Readonly<Record<string, readonly string[]>> = {
  allocationState: ENUMS.AllocationState.map((value) => String(armValue('AllocationState', value))),
  provisioningState: ['Succeeded', 'Deleting'],
  interNodeCommunication: ['Enabled', 'Disabled'],
};

export function poolLiteral(path: readonly string[]): LiteralType {
  const name = path.at(-1) ?? '';
  return { kind: /Time$|^lastModified$/.test(name) ? 'time' : 'text', values: VALUES[name] };
}
