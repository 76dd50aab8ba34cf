import type { Functions, TemplateFunction } from './call.ts';
import { COLLECTION_FUNCTIONS } from './collections.ts';
import { DEPLOYMENT_FUNCTIONS } from './deployment.ts';
import { LOGIC_FUNCTIONS } from './logic.ts';
import { NUMBER_FUNCTIONS } from './numbers.ts';
import { RESOURCE_FUNCTIONS } from './resources.ts';
import { STRING_FUNCTIONS } from './strings.ts';

/** All functions that expressions may call. */
export const FUNCTIONS: Functions = {
  ...STRING_FUNCTIONS,
  ...COLLECTION_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...LOGIC_FUNCTIONS,
  ...DEPLOYMENT_FUNCTIONS,
  ...RESOURCE_FUNCTIONS,
};

const BY_NAME: ReadonlyMap<string, TemplateFunction> = new Map(Object.entries(FUNCTIONS).map(([name, row]) => [name.toLowerCase(), row]));

/** Names of functions are compared without case. */
export function functionCalled(name: string): TemplateFunction | undefined {
  return BY_NAME.get(name.toLowerCase());
}
