import { formatTimestamp } from './timestamps.ts';

interface ErrorRow {
  readonly status: number;
  /** First line of the message, and the reason phrase of the status line. */
  readonly sentence: string;
}

/**
 * Every code a client may get, its HTTP status and its sentence (errors.md 4.2, 4.3). Status codes are those
 * documented; sentences recorded from the service are kept where clients compare them, the others say the same in our
 * words.
 */
export const ERRORS = {
  // The request itself
  ConditionNotMet: { status: 412, sentence: 'The condition specified using HTTP conditional header(s) is not met.' },
  MissingRequiredHeader: { status: 400, sentence: "An HTTP header that's mandatory for this request is not specified." },
  MissingRequiredProperty: { status: 400, sentence: 'A required property was not specified in the request body.' },
  MissingRequiredQueryParameter: { status: 400, sentence: "A query parameter that's mandatory for this request is not specified." },
  UnsupportedHeader: { status: 400, sentence: 'One of the headers of this request is not supported.' },
  UnsupportedProperty: { status: 400, sentence: 'One of the properties specified in the request body is not supported.' },
  UnsupportedQueryParameter: { status: 400, sentence: 'One of the query parameters of this request is not supported.' },
  UnsupportedRequestVersion: { status: 400, sentence: 'The api-version of this request is not supported.' },
  InvalidHeaderValue: { status: 400, sentence: 'The value for one of the HTTP headers is not in the correct format.' },
  InvalidPropertyValue: { status: 400, sentence: 'The value provided for one of the properties in the request body is invalid.' },
  InvalidQueryParameterValue: { status: 400, sentence: 'Value for one of the query parameters specified in the request URI is invalid.' },
  OutOfRangeQueryParameterValue: { status: 400, sentence: 'A query parameter of this request is outside its range.' },
  RequestUrlFailedToParse: { status: 400, sentence: 'The URL of this request could not be parsed.' },
  InvalidUri: { status: 400, sentence: 'The requested URI names no resource of this service.' },
  InvalidHttpVerb: { status: 400, sentence: 'The HTTP verb of this request is not known.' },
  EmptyMetadataKey: { status: 400, sentence: 'The name of one of the metadata items is empty.' },
  InvalidRequestBody: { status: 400, sentence: 'The specified Request Body is not syntactically valid.' },
  OutOfRangeInput: { status: 400, sentence: 'One of the inputs of this request is outside its range.' },
  InvalidAuthenticationInfo: { status: 400, sentence: 'The Authorization header does not have the right form.' },
  InvalidInput: { status: 400, sentence: 'One of the inputs of this request is not valid.' },
  InvalidMetadata: { status: 400, sentence: 'The metadata holds characters that are not allowed.' },
  MetadataTooLarge: { status: 400, sentence: 'The metadata exceeds the size allowed.' },
  MultipleConditionHeadersNotSupported: { status: 400, sentence: 'These conditional headers cannot be combined.' },
  HostInformationNotPresent: { status: 400, sentence: 'The request names no host.' },
  ResourceTypeMismatch: { status: 400, sentence: 'The specified resource is of another type.' },
  AuthenticationFailed: { status: 403, sentence: 'The request could not be authenticated by its Authorization header.' },
  InsufficientAccountPermissions: { status: 403, sentence: 'This account may not do what the request asks for.' },
  AccountIsDisabled: { status: 403, sentence: 'The specified account is disabled.' },
  InvalidRestAPIForAccountSetting: { status: 403, sentence: 'The settings of this account do not allow this operation.' },
  IOError: { status: 403, sentence: 'The request could not be read or answered in full.' },
  ResourceNotFound: { status: 404, sentence: 'The specified resource does not exist.' },
  UnsupportedHttpVerb: { status: 405, sentence: 'The resource does not support the HTTP verb of this request.' },
  ResourceAlreadyExists: { status: 409, sentence: 'The specified resource already exists.' },
  MissingContentLengthHeader: { status: 411, sentence: 'The Content-Length header was not specified.' },
  RequestBodyTooLarge: { status: 413, sentence: 'The request body is too large and exceeds the maximum permissible limit.' },
  RequestEntityTooLarge: { status: 413, sentence: 'One of the lists in the request body exceeds the size allowed.' },
  InvalidRange: { status: 416, sentence: 'The range lies outside the resource.' },
  TooManyRequests: { status: 429, sentence: 'Too many requests reached this account in a short time.' },
  InternalError: { status: 500, sentence: 'The server met an error of its own; the request may be sent again.' },
  OperationTimedOut: { status: 500, sentence: 'The operation did not end in time.' },
  NotImplemented: { status: 501, sentence: 'This operation is not available in this service.' },
  ServerBusy: { status: 503, sentence: 'The server cannot take this request now; it may be sent again later.' },
  TooManyEnableAutoScaleRequests: { status: 503, sentence: 'Automatic scaling was enabled on this pool less than 30 seconds ago.' },
  UnsupportedHttpVersion: { status: 505, sentence: 'The HTTP version of this request is not supported.' },
  // Values
  InvalidAutoScalingSettings: { status: 400, sentence: 'The automatic scaling settings of this request are not valid.' },
  AutoScalingFormulaSyntaxError: { status: 400, sentence: 'The automatic scaling formula does not parse.' },
  AutoScalingFormulaTooLong: { status: 400, sentence: 'The automatic scaling formula is longer than allowed.' },
  LifetimeStatsAPIRetired: { status: 400, sentence: 'Lifetime statistics API was retired on 04/30/2023' },
  OSVersionNotFound: { status: 400, sentence: 'The specified operating system version does not exist.' },
  OSVersionDisabled: { status: 400, sentence: 'The specified operating system version is disabled.' },
  OSVersionExpired: { status: 400, sentence: 'The specified operating system version has expired.' },
  PoolVersionEqualsUpgradeVersion: { status: 400, sentence: 'The specified pool has this operating system version already.' },
  PoolNotEligibleForOSVersionUpgrade: { status: 400, sentence: 'The operating system of the specified pool cannot be upgraded.' },
  TaskDependenciesNotSpecifiedOnJob: { status: 400, sentence: 'The task depends on others, but its job does not use task dependencies.' },
  TaskDependencyListTooLong: { status: 400, sentence: 'The list of task ids that the task depends on is longer than allowed.' },
  TaskDependencyRangesTooLong: { status: 400, sentence: 'The list of task id ranges that the task depends on is longer than allowed.' },
  OutOfRangePriority: { status: 400, sentence: 'The specified priority is outside its range.' },
  SimulationTooLarge: { status: 400, sentence: 'The simulation takes more time or memory than the service gives one.' },
  InvalidConstraintValue: { status: 400, sentence: 'The value of one of the constraints is not valid.' },
  UnsupportedConstraint: { status: 400, sentence: 'One of the constraints is not supported.' },
  InvalidApplicationPackageReferences: { status: 409, sentence: 'One or more of the specified application package references are invalid.' },
  InvalidCertificateReferences: { status: 409, sentence: 'One of the referenced certificates does not exist.' },
  // What is not there
  PoolNotFound: { status: 404, sentence: 'The specified pool does not exist.' },
  NodeNotFound: { status: 404, sentence: 'The specified node does not exist.' },
  JobNotFound: { status: 404, sentence: 'The specified job does not exist.' },
  JobScheduleNotFound: { status: 404, sentence: 'The specified job schedule does not exist.' },
  TaskNotFound: { status: 404, sentence: 'The specified task does not exist.' },
  FileNotFound: { status: 404, sentence: 'The specified file does not exist.' },
  PathNotFound: { status: 404, sentence: 'The specified path does not exist.' },
  NodeUserNotFound: { status: 404, sentence: 'The specified node user does not exist.' },
  CertificateNotFound: { status: 404, sentence: 'The specified certificate does not exist.' },
  NodeAgentSKUNotFound: { status: 404, sentence: 'The specified node agent SKU does not exist.' },
  ApplicationNotFound: { status: 404, sentence: 'The specified application does not exist.' },
  ApplicationPackageNotFound: { status: 404, sentence: 'The specified application package does not exist.' },
  StorageAccountNotFound: { status: 404, sentence: 'The specified storage account does not exist.' },
  JobPreparationTaskNotRunOnNode: { status: 404, sentence: 'The job preparation task has not run on the specified node.' },
  JobReleaseTaskNotRunOnNode: { status: 404, sentence: 'The job release task has not run on the specified node.' },
  // What is there already
  PoolExists: { status: 409, sentence: 'The specified pool already exists.' },
  JobExists: { status: 409, sentence: 'The specified job already exists.' },
  JobScheduleExists: { status: 409, sentence: 'The specified job schedule already exists.' },
  TaskExists: { status: 409, sentence: 'The specified task already exists.' },
  NodeUserExists: { status: 409, sentence: 'The specified node user already exists.' },
  CertificateExists: { status: 409, sentence: 'The specified certificate already exists.' },
  JobWithSameIdExists: { status: 409, sentence: 'A job with the specified id already exists.' },
  JobScheduleWithSameIdExists: { status: 409, sentence: 'A job schedule with the specified id already exists.' },
  TaskIdSameAsJobPreparationTask: { status: 409, sentence: "The task's id is that of the job preparation task." },
  TaskIdSameAsJobReleaseTask: { status: 409, sentence: "The task's id is that of the job release task." },
  // Pools and nodes
  PoolBeingCreated: { status: 409, sentence: 'The specified pool is being created.' },
  PoolBeingResized: { status: 409, sentence: 'The specified pool is being resized.' },
  PoolBeingDeleted: { status: 409, sentence: 'The specified pool has been marked for deletion and is being reclaimed.' },
  UpgradePoolVersionConflict: { status: 409, sentence: 'The operating system of the specified pool is being upgraded.' },
  OperationNotValidOnPool: { status: 409, sentence: 'The specified pool does not allow this operation.' },
  PoolQuotaReached: { status: 409, sentence: 'The account has as many pools as its quota allows.' },
  NodeBeingCreated: { status: 409, sentence: 'The specified node is being created.' },
  NodeBeingStarted: { status: 409, sentence: 'The specified node is being started.' },
  NodeBeingRebooted: { status: 409, sentence: 'The specified node is being rebooted.' },
  NodeBeingReimaged: { status: 409, sentence: 'The specified node is being reimaged.' },
  NodeStateUnusable: { status: 409, sentence: 'The specified node is unusable.' },
  NodeAlreadyInTargetSchedulingState: { status: 409, sentence: 'The specified node is in this scheduling state already.' },
  OperationNotValidOnNode: { status: 409, sentence: 'The specified operation is not valid on the node.' },
  NodeCountsMismatch: { status: 409, sentence: 'The numbers of nodes in this request do not agree.' },
  // Jobs and job schedules
  JobBeingTerminated: { status: 409, sentence: 'The specified job is being terminated.' },
  JobBeingDeleted: { status: 409, sentence: 'The specified job has been marked for deletion and is being reclaimed.' },
  JobDisabled: { status: 409, sentence: 'The specified job is disabled.' },
  JobCompleted: { status: 409, sentence: 'The specified job is already in a completed state.' },
  JobNotActive: { status: 409, sentence: 'The specified job is not active.' },
  ActiveJobAndScheduleQuotaReached: { status: 409, sentence: 'The account has as many active jobs and job schedules as its quota allows.' },
  JobPreparationTaskNotSpecified: { status: 409, sentence: 'The specified job has no job preparation task.' },
  JobReleaseTaskNotSpecified: { status: 409, sentence: 'The specified job has no job release task.' },
  JobPreparationTaskOrReleaseTaskNotSpecified: { status: 409, sentence: 'The specified job does not have either job preparation task or job release task.' },
  JobScheduleBeingTerminated: { status: 409, sentence: 'The specified job schedule is being terminated.' },
  JobScheduleBeingDeleted: { status: 409, sentence: 'The specified job schedule has been marked for deletion and is being reclaimed.' },
  JobScheduleDisabled: { status: 409, sentence: 'The specified job schedule is disabled.' },
  JobScheduleCompleted: { status: 409, sentence: 'The specified job schedule is already in completed state.' },
  // Tasks and files
  TaskCompleted: { status: 409, sentence: 'The specified task is already in a completed state.' },
  TaskNotCompleted: { status: 409, sentence: 'The specified task is not in a completed state.' },
  TaskSucceeded: { status: 409, sentence: 'The specified task has succeeded.' },
  TaskFilesUnavailable: { status: 409, sentence: 'The files of the specified task are not available now.' },
  TaskFilesCleanedup: { status: 409, sentence: 'The files of the specified task have been removed.' },
  OperationInvalidForCurrentState: { status: 409, sentence: 'The specified operation is not valid for the current state of the resource.' },
  // Applications: the sentences are the management plane's (recorded), but for those of the limits
  ApplicationPackageBlobNotFound: { status: 409, sentence: 'No blob could be found for the specified application package.' },
  RequestedDefaultVersionNotActive: { status: 409, sentence: 'The application package corresponding to the requested default version is not active.' },
  ApplicationPackagesNotEmpty: { status: 409, sentence: 'All application packages must be deleted before the application can be deleted.' },
  ApplicationQuotaReached: { status: 409, sentence: 'The account has as many applications as its limit allows.' },
  ApplicationPackageQuotaReached: { status: 409, sentence: 'The application has as many packages as its limit allows.' },
  // Certificates
  CertificateBeingDeleted: { status: 409, sentence: 'The specified certificate has been marked for deletion and is being deleted.' },
  CertificateStateActive: { status: 409, sentence: 'The specified certificate is active.' },
  CertificateDeleteFailed: { status: 409, sentence: 'The specified certificate could not be deleted.' },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorValue {
  readonly key: string;
  readonly value: string;
}

/** Every refusal that a client gets. The edge turns it into an answer; no other error reaches a client. */
export class BatchError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly values: readonly ErrorValue[];

  /**
   * `status` only for the challenge to a caller without credentials: 401 with the code of the 403 (operations.md 1.9).
   */
  constructor(code: ErrorCode, values: readonly ErrorValue[] = [], options?: { readonly cause?: unknown; readonly status?: 401 }) {
    super(ERRORS[code].sentence, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BatchError';
    this.code = code;
    this.status = options?.status ?? ERRORS[code].status;
    this.values = values;
  }
}

/** Longest part of a client's value that an error repeats; the rest would only fill logs. */
const QUOTED_LENGTH = 256;

/** A property whose value the service cannot take: values PropertyName, PropertyValue and Reason. */
export function invalidProperty(name: string, value: unknown, reason: string, code: ErrorCode = 'InvalidPropertyValue'): BatchError {
  return new BatchError(code, [
    { key: 'PropertyName', value: name },
    { key: 'PropertyValue', value: quoted(value) },
    { key: 'Reason', value: reason },
  ]);
}

/** Of the values of one property, in a list or of its items. */
export function checkDistinct(name: string, values: readonly string[]): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice !== undefined) throw invalidProperty(name, twice, `The values of ${name} must differ.`);
}

/** A property that has to be there: values PropertyName and maybe Reason. */
export function missing(name: string, reason?: string): BatchError {
  const property = { key: 'PropertyName', value: name };
  return new BatchError('MissingRequiredProperty', reason === undefined ? [property] : [property, { key: 'Reason', value: reason }]);
}

/** A query parameter the service cannot take: values QueryParameterName, QueryParameterValue and Reason. */
export function invalidQuery(name: string, value: string, reason: string, code: ErrorCode = 'InvalidQueryParameterValue'): BatchError {
  return new BatchError(code, [
    { key: 'QueryParameterName', value: name },
    { key: 'QueryParameterValue', value: quoted(value) },
    { key: 'Reason', value: reason },
  ]);
}

/** A header the service cannot take: values HeaderName, HeaderValue and Reason. */
export function invalidHeader(name: string, value: string, reason: string): BatchError {
  return new BatchError('InvalidHeaderValue', [
    { key: 'HeaderName', value: name },
    { key: 'HeaderValue', value: quoted(value) },
    { key: 'Reason', value: reason },
  ]);
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

export interface ErrorContext {
  /** Equal to the answer's `request-id` header. */
  readonly requestId: string;
  readonly nowMs: number;
}

/** The error of one item of addtaskcollection: the body of errors.md 4.1 without metadata. */
export function errorItem(error: BatchError, context: ErrorContext): Readonly<Record<string, unknown>> {
  const value = `${error.message}\nRequestId:${context.requestId}\nTime:${formatTimestamp(context.nowMs)}`;
  const item = { code: error.code, message: { lang: 'en-US', value } };
  return error.values.length === 0 ? item : { ...item, values: error.values };
}

/**
 * The body of an error answer (errors.md 4.1). `baseUrl` is what the client called: scheme and host, no slash at its
 * end.
 */
export function errorBody(error: BatchError, context: ErrorContext & { readonly baseUrl: string }): Readonly<Record<string, unknown>> {
  const metadata = `${context.baseUrl}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element`;
  return { 'odata.metadata': metadata, ...errorItem(error, context) };
}
