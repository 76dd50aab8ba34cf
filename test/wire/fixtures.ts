import { readFileSync } from 'node:fs';
import { BatchError, type ErrorCode } from '../../src/wire/errors.ts';

const folder = new URL('../fixtures/wire/', import.meta.url);

function load<Value>(name: string): Value {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Value;
}

export interface OpenApiFacts {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly status: readonly number[];
        readonly body?: string;
        readonly optional?: true;
        readonly query?: readonly string[];
        readonly response?: string;
        readonly conditional?: readonly string[];
        readonly dataServiceId?: true;
      }
    >
  >;
  /** `type[][!][ readOnly]` by property: a list, a required one, one only answered. */
  readonly shapes: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
}

/** The OpenAPI facts of a version, stripped of all prose and kept apart from the shape table. */
export function openApi(version: string): OpenApiFacts {
  return load(`openapi/${version}.json`);
}

/** The same of Microsoft.Batch in Azure Resource Manager. */
export function managementOpenApi(version: string): OpenApiFacts {
  return load(`management/${version}.json`);
}

export const MANAGEMENT_OPEN_API_VERSIONS = ['2020-09-01', '2022-10-01', '2023-11-01', '2024-07-01', '2025-06-01'] as const;

export const OPEN_API_VERSIONS = [
  '2020-09-01.12.0',
  '2022-10-01.16.0',
  '2023-05-01.17.0',
  '2023-11-01.18.0',
  '2024-02-01.19.0',
  '2024-07-01.20.0',
  '2025-06-01',
] as const;

/** A request and its answer; the headers of a request are its conditions. */
export interface Exchange {
  readonly name: string;
  readonly request: { readonly method: string; readonly url: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };
  readonly response: {
    readonly status: number;
    readonly reason?: string;
    readonly headers: Readonly<Record<string, string>>;
    /** JSON, or the text of a file. */
    readonly body?: unknown;
  };
}

/** Sessions of clients with the real service, by what recorded them. */
export const DATA_SESSIONS = ['data-plane-2020', 'az-cli-2024', 'cli-extensions-2022', 'sdk-excerpts'] as const;
export const MANAGEMENT_SESSIONS = ['management-2020', 'az-management-2024', 'sdk-management-2022'] as const;
/** Sessions of clients with a stub, whose answers contented them; they are not those of the real service. */
export const STUB_SESSIONS = ['az-2.45', 'js-and-python'] as const;
type SessionName = (typeof DATA_SESSIONS | typeof MANAGEMENT_SESSIONS | typeof STUB_SESSIONS)[number];

/** How many exchanges each recording has, by the letters in their names; all of them are in its sessions. */
export const RECORDED = { DP: 108, MG: 51, AZ: 165, CX: 57, EX: 50, ST: 40, SD: 65 } as const;

/**
 * A session as recorded, in its order; exchanges are named by the recording and their number in it: `DP`, `AZ`, `CX` or
 * `EX`, `MG` of the management plane, `ST` and `SD` of clients with a stub.
 */
export function session(name: SessionName): readonly Exchange[] {
  return load(`../recordings/${name}.json`);
}

export interface ClientBody {
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** Bodies that real clients sent. */
export const clientBodies: readonly ClientBody[] = load('client-bodies.json');

export interface SignedExample {
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyLength: number;
  readonly key: 'vector' | 'recorded';
  readonly stringToSign?: string;
}

/** Requests signed by real clients, and the keys they were signed with. */
export const signatures: { readonly keys: Readonly<Record<'vector' | 'recorded', string>>; readonly requests: readonly SignedExample[] } = load('signatures.json');

/** The error an action ends with; it is a fault of the test when there is none. */
export function errorOf(action: () => unknown): BatchError {
  try {
    action();
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
  throw new Error('expected a BatchError, and there was none');
}

export function codeOf(action: () => unknown): ErrorCode {
  return errorOf(action).code;
}

/** Values of an error by key. */
export function valuesOf(error: BatchError): Readonly<Record<string, string>> {
  return Object.fromEntries(error.values.map(({ key, value }) => [key, value]));
}
