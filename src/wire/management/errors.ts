/** Every code of Azure Resource Manager that clients of ours may get, and its HTTP status. */
export const MANAGEMENT_ERRORS = {
  // The request itself
  AuthenticationFailed: 401,
  InvalidAuthenticationToken: 401,
  ExpiredAuthenticationToken: 401,
  InvalidAuthenticationTokenAudience: 401,
  InvalidAuthenticationTokenTenant: 401,
  AuthorizationFailed: 403,
  MissingApiVersionParameter: 400,
  InvalidApiVersionParameter: 400,
  InvalidRequestContent: 400,
  InvalidRequestBody: 400,
  InvalidParameter: 400,
  InvalidFilterInQueryString: 400,
  InvalidResourceType: 404,
  InvalidResourceNamespace: 404,
  MethodNotAllowed: 405,
  // Names, places and states
  SubscriptionNotFound: 404,
  InvalidSubscriptionId: 400,
  ResourceGroupNotFound: 404,
  ResourceNotFound: 404,
  ParentResourceNotFound: 404,
  NotFound: 404,
  InvalidResourceName: 400,
  InvalidResourceLocation: 409,
  LocationRequired: 400,
  LocationNotAvailableForResourceType: 400,
  LocationNotAvailableForResourceGroup: 400,
  NoRegisteredProviderFound: 400,
  LinkedInvalidPropertyId: 400,
  LinkedAuthorizationFailed: 403,
  ResourceGroupBeingDeleted: 409,
  ResourceAlreadyExists: 409,
  AccountAlreadyExists: 409,
  SubscriptionQuotaExceeded: 409,
  AccountNameInvalid: 400,
  StorageAccountAlreadyTaken: 409,
  Conflict: 409,
  PreconditionFailed: 412,
  AnotherOperationInProgress: 409,
  // Deployments of templates
  InvalidTemplate: 400,
  InvalidTemplateDeployment: 400,
  RequestContentTooLarge: 413,
  DeploymentNotFound: 404,
  DeploymentActive: 409,
  DeploymentCannotBeCancelled: 409,
  DeploymentQuotaExceeded: 409,
  DeploymentOperationNotFound: 404,
  RoleDefinitionDoesNotExist: 404,
  RoleDefinitionWithSameNameExists: 409,
  RoleDefinitionHasAssignments: 400,
  RoleDefinitionLimitExceeded: 400,
  InvalidRoleDefinitionId: 400,
  InvalidActionOrNotAction: 400,
  InvalidDataActionOrNotDataAction: 400,
  InvalidAssignableScope: 400,
  RoleDefinitionUpdateNotPermitted: 400,
  RoleAssignmentScopeNotAssignableToRoleDefinition: 400,
  RoleAssignmentNotFound: 404,
  RoleAssignmentExists: 409,
  RoleAssignmentUpdateNotPermitted: 400,
  RoleAssignmentLimitExceeded: 400,
  InvalidRoleAssignmentId: 400,
  NotImplemented: 501,
} as const satisfies Readonly<Record<string, number>>;

export type ManagementErrorCode = keyof typeof MANAGEMENT_ERRORS;

/** One of the parts of an error: `code` is the name of what it is about, where Azure Batch has `values`. */
export interface ManagementErrorDetail {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

/**
 * An error of Azure Resource Manager, for the client. Thrown by what serves the management plane for what the data
 * plane has no code for; its handlers' `BatchError`s are told in the same form.
 */
export class ManagementError extends Error {
  /** What clients may show beside: `{"type": "TemplateViolation", "info": {…}}` of a template. */
  readonly additionalInfo: readonly object[];
  readonly code: ManagementErrorCode;
  readonly status: number;
  readonly target: string | undefined;
  readonly details: readonly ManagementErrorDetail[];

  constructor(code: ManagementErrorCode, message: string, options: { readonly target?: string; readonly details?: readonly ManagementErrorDetail[]; readonly additionalInfo?: readonly object[]; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ManagementError';
    this.code = code;
    this.status = MANAGEMENT_ERRORS[code];
    this.target = options.target;
    this.details = options.details ?? [];
    this.additionalInfo = options.additionalInfo ?? [];
  }
}
