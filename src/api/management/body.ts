import { BatchError } from '../../wire/errors.ts';
import { managementContract } from '../../wire/management/contract.ts';
import type { Shapes } from '../../wire/management/types.generated.ts';
import type { ManagementCall } from './call.ts';

/** Reads a body against its shape. @throws BatchError of the contract; its errors are told as the plane tells them. */
export function readBody<Name extends keyof Shapes>(shape: Name, { version }: Pick<ManagementCall, 'version'>, body: unknown): Shapes[Name] {
  if (body === undefined) throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The request has no body.' }]);
  return managementContract.readBody(shape, version, body);
}
