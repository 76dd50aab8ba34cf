import type { FailureInfo, NameValue } from '../core/status.ts';

/**
 * Codes of `executionInfo.failureInfo` that arise on a node (API reference, TaskFailureInformation and its list of
 * codes). Categories that no document gives are inferred: what the user can mend is a UserError.
 */
const FAILURES = {
  FailureExitCode: ['UserError', 'The task exited with an exit code representing a failure'],
  CommandProgramNotFound: ['UserError', 'The specified command program is not found'],
  CommandLaunchFailed: ['UserError', 'The task process could not be launched'],
  BlobNotFound: ['UserError', 'One of the specified Azure Blob(s) is not found'],
  BlobAccessDenied: ['UserError', 'Access for one of the specified Azure Blob(s) is denied'],
  BlobDownloadTimedOut: ['ServerError', 'Downloading one of the specified Azure Blob(s) timed out'],
  BlobDownloadMiscError: ['ServerError', 'Downloading one of the specified Azure Blob(s) failed'],
  ResourceContainerNotFound: ['UserError', 'One of the specified resource containers is not found'],
  ResourceContainerAccessDenied: ['UserError', 'Access for one of the specified resource containers is denied'],
  ResourceContainerListTimedOut: ['ServerError', 'Listing one of the specified resource containers timed out'],
  ResourceContainerListMiscError: ['ServerError', 'Listing one of the specified resource containers failed'],
  ResourceDirectoryCreateFailed: ['ServerError', 'A directory for a resource file could not be created'],
  ResourceFileCreateFailed: ['ServerError', 'A resource file could not be created'],
  ResourceFileWriteFailed: ['ServerError', 'A resource file could not be written'],
  ContainerPoolNotSupported: ['UserError', 'The pool has no container configuration, so its nodes run no container tasks'],
  ContainerInvalidImage: ['UserError', 'One or more container images specified are invalid'],
  ContainerInvalidRegistry: ['UserError', 'One or more container registries specified are invalid'],
  ContainerInvalidSettings: ['UserError', 'At least one value of specified task container settings is invalid'],
  ContainerMiscError: ['ServerError', 'The container of the task could not be run'],
  ApplicationPackageError: ['UserError', 'One of the specified application packages could not be installed'],
  DiskFull: ['ServerError', 'There is not enough disk space on the node'],
  FileUploadContainerNotFound: ['UserError', 'One of the specified Azure container(s) was not found while attempting to upload an output file'],
  FileUploadAccessDenied: ['UserError', 'Access was denied while attempting to upload an output file'],
  FileUploadConflict: ['UserError', 'A conflict was met while attempting to upload an output file'],
  FileUploadTimedOut: ['ServerError', 'Uploading an output file timed out'],
  FileUploadMiscError: ['ServerError', 'Uploading an output file failed'],
} as const satisfies Record<string, readonly ['UserError' | 'ServerError', string]>;

export type FailureCode = keyof typeof FAILURES;

/**
 * What may stand in them has no bound (the first word of a command line); what clients list and agents report at once
 * has.
 */
const LONGEST_DETAIL = 1_000;

/** `details`: pairs of name and value, in order; a long value ends in an ellipsis. */
export function failure(code: FailureCode, ...details: readonly (readonly [name: string, value: string])[]): FailureInfo {
  const [category, message] = FAILURES[code];
  const pairs: NameValue[] = details.map(([name, value]) => ({ name, value: value.length > LONGEST_DETAIL ? `${value.slice(0, LONGEST_DETAIL)}…` : value }));
  return pairs.length === 0 ? { category, code, message } : { category, code, message, details: pairs };
}

/** Carries the failure of a step before or after the process out to the attempt. */
export class TaskFailure extends Error {
  readonly failure: FailureInfo;
  constructor(info: FailureInfo) {
    super(info.message);
    this.failure = info;
  }
}

/** The system's code of an error (`ENOSPC`), or ''. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error));
}
