import { hint } from '../../hint.ts';
import { CommandError } from '../../errors.ts';
import { RunError } from '../failure.ts';

/** Codes of a connection that did not come about, or broke: the SDKs' own and the system's. */
const UNREACHED = new Set(['REQUEST_SEND_ERROR', 'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Whether the service did not answer, or said that it cannot now. It may in a while. */
export function isOutage(error: unknown): boolean {
  if (UNREACHED.has(serviceCode(error) ?? '')) return true;
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined;
  return typeof status === 'number' && (status >= 500 || status === 408 || status === 429);
}

/**
 * The error as a failure of the run, in the service's own words. Undefined for a bug of ours, which is shown as one.
 */
export function refusalOf(error: unknown): RunError | undefined {
  if (error instanceof RunError) return error;
  if (error instanceof CommandError) return new RunError('service', error.message, { cause: error });
  const code = serviceCode(error);
  if (!(error instanceof Error) || code === undefined) return undefined;
  if (UNREACHED.has(code)) return new RunError('service', `cannot reach the service: ${firstLine(error.message)}${howToStart(error.message)}`, { cause: error });
  return new RunError('service', refusalText(code, serviceMessageOf(error), valuesOf(error)), { cause: error });
}

/** A pair of an error's `values` or `details`. Its members have different names in the two. */
interface Detail {
  readonly key?: string | undefined;
  readonly name?: string | undefined;
  readonly value?: string | undefined;
}

/**
 * `CODE: message (PropertyName vmSize; Reason There is no such size.)`: the message alone is the same for every
 * property, what is wrong stands in the values.
 */
export function refusalText(code: string | undefined, message: string | undefined, details: readonly Detail[] | undefined): string {
  const told = (details ?? []).map(({ key, name, value }) => `${key ?? name ?? ''} ${(value ?? '').replaceAll(/\s+/g, ' ').trim()}`.trim()).filter((text) => text !== '');
  const said = [code, firstLine(message)].filter((part) => part !== undefined && part !== '').join(': ');
  return told.length === 0 ? said : `${said} (${told.join('; ')})`;
}

const PLAIN_EXIT = 'The task process exited with an unexpected exit code';

/** Whether a failure says more than the exit code, which is told anyhow. */
export function saysMoreThanExit({ code, details }: { readonly code?: string | undefined; readonly details?: readonly Detail[] | undefined }): boolean {
  if (code === undefined) return false;
  return code !== 'FailureExitCode' || (details ?? []).some(({ name, value }) => name === 'Message' && value !== PLAIN_EXIT);
}

/** For users who exported the variables of a service on this machine, and the service has ended. */
function howToStart(message: string): string {
  return /ECONNREFUSED (127\.|::1|localhost)/.test(message) ? `; if it is a service of this machine, start it: ${hint('up --detach', undefined)}` : '';
}

/** The service's message; `@azure/batch` gives an error's whole body, its message below `message.value`. */
function serviceMessageOf(error: Error): string {
  const message = memberOf(bodyOf(error), 'message');
  const value = typeof message === 'object' ? memberOf(message, 'value') : message;
  return typeof value === 'string' ? value : error.message;
}

function valuesOf(error: Error): Detail[] {
  const values = memberOf(bodyOf(error), 'values');
  if (!Array.isArray(values)) return [];
  return values.map((pair: unknown) => ({ key: textOf(memberOf(pair, 'key')), value: textOf(memberOf(pair, 'value')) }));
}

/** Parsed by the SDK, or not where the operation's description has no error body. */
function bodyOf(error: Error): unknown {
  const body: unknown = Reflect.get(error, 'body');
  if (body !== undefined) return body;
  const response: unknown = Reflect.get(error, 'response');
  const text = memberOf(response, 'bodyAsText');
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Messages of the service end with lines that hold the request's id and time. */
function firstLine(text: string | undefined): string {
  return text?.split('\n')[0]?.trim() ?? '';
}

/** The code that the service gave, `TaskExists`, or undefined when the error is not the service's. */
export function serviceCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
