import { CommandError } from '../errors.ts';
import { RunError } from './failure.ts';
import { serviceCode } from './serviceCode.ts';
import { firstLine } from './submit.ts';

/** Codes of a connection that did not come about: the SDKs' own and the system's. */
const UNREACHED = new Set(['REQUEST_SEND_ERROR', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN']);

/** Whether the service did not answer, or answered that it cannot now: it may in a while. */
export function isOutage(error: unknown): boolean {
  if (UNREACHED.has(serviceCode(error) ?? '')) return true;
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return typeof status === 'number' && (status >= 500 || status === 408 || status === 429);
}

/**
 * What was thrown as a failure of the run, in the service's own words; undefined for what no service and no user can be
 * blamed for: a bug, to be shown as one.
 */
export function refusalOf(error: unknown): RunError | undefined {
  if (error instanceof RunError) return error;
  if (error instanceof CommandError) return new RunError('service', error.message, { cause: error });
  const code = serviceCode(error);
  if (!(error instanceof Error) || code === undefined) return undefined;
  if (UNREACHED.has(code)) return new RunError('service', `cannot reach the service: ${firstLine(error.message)}`, { cause: error });
  return new RunError('service', `${code}: ${firstLine(serviceMessageOf(error))}`, { cause: error });
}

/** The service's message; `@azure/batch` gives an error's whole body, its message below `message.value`. */
function serviceMessageOf(error: Error): string {
  const body: unknown = Reflect.get(error, 'body');
  const message: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'message') : undefined;
  const value: unknown = typeof message === 'object' && message !== null ? Reflect.get(message, 'value') : message;
  return typeof value === 'string' ? value : error.message;
}
