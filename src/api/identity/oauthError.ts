/**
 * Answers of the token endpoint to what it refuses: status, OAuth's code (RFC 6749, 5.2; RFC 8628, 3.5), Entra's
 * number.
 */
const OAUTH_ERRORS = {
  missingParameter: { status: 400, error: 'invalid_request', number: 900144 },
  unreadableForm: { status: 400, error: 'invalid_request', number: 9001023 },
  onlyPost: { status: 400, error: 'invalid_request', number: 900561 },
  tenantNotFound: { status: 400, error: 'invalid_request', number: 90002 },
  unsupportedGrant: { status: 400, error: 'unsupported_grant_type', number: 70003 },
  unsupportedResponse: { status: 400, error: 'unsupported_response_type', number: 700054 },
  wrongRedirect: { status: 400, error: 'invalid_request', number: 50011 },
  wrongResponseMode: { status: 400, error: 'invalid_request', number: 70007 },
  unsupportedRequest: { status: 400, error: 'request_not_supported', number: 900901 },
  wrongChallenge: { status: 400, error: 'invalid_request', number: 9002325 },
  wrongVerifier: { status: 400, error: 'invalid_grant', number: 501481 },
  redeemedCode: { status: 400, error: 'invalid_grant', number: 54005 },
  expiredAuthorization: { status: 400, error: 'invalid_grant', number: 70008 },
  loginRequired: { status: 400, error: 'login_required', number: 50058 },
  cancelled: { status: 400, error: 'access_denied', number: 65004 },
  publicClient: { status: 401, error: 'invalid_client', number: 700025 },
  invalidClientId: { status: 400, error: 'unauthorized_client', number: 900023 },
  unknownClient: { status: 400, error: 'unauthorized_client', number: 700016 },
  missingSecret: { status: 401, error: 'invalid_client', number: 7000216 },
  wrongSecret: { status: 401, error: 'invalid_client', number: 7000215 },
  expiredSecret: { status: 401, error: 'invalid_client', number: 7000222 },
  twoProofs: { status: 400, error: 'invalid_request', number: 90014 },
  malformedAssertion: { status: 401, error: 'invalid_client', number: 50027 },
  foreignAssertion: { status: 401, error: 'invalid_client', number: 700021 },
  assertionAudience: { status: 401, error: 'invalid_client', number: 700023 },
  assertionTime: { status: 401, error: 'invalid_client', number: 700024 },
  unknownAssertion: { status: 401, error: 'invalid_client', number: 700027 },
  invalidScope: { status: 400, error: 'invalid_scope', number: 70011 },
  scopeWithoutDefault: { status: 400, error: 'invalid_scope', number: 1002012 },
  unknownResource: { status: 400, error: 'invalid_resource', number: 500011 },
  wrongPassword: { status: 400, error: 'invalid_grant', number: 50126 },
  invalidGrant: { status: 400, error: 'invalid_grant', number: 70000 },
  expiredGrant: { status: 400, error: 'invalid_grant', number: 700082 },
  authorizationPending: { status: 400, error: 'authorization_pending', number: 70016 },
  expiredCode: { status: 400, error: 'expired_token', number: 70020 },
  invalidToken: { status: 401, error: 'invalid_token', number: 50027 },
  taskEnded: { status: 401, error: 'unauthorized', number: 50027 },
  notOperator: { status: 401, error: 'access_denied', number: 65004 },
  badCode: { status: 400, error: 'bad_verification_code', number: 70019 },
} as const satisfies Readonly<Record<string, { readonly status: 400 | 401; readonly error: string; readonly number: number }>>;

interface OAuthErrorBody {
  readonly error: string;
  readonly error_description: string;
  readonly error_codes: readonly number[];
  readonly timestamp: string;
  readonly trace_id: string;
  readonly correlation_id: string;
}

/** Thrown for what the token endpoint refuses, answered as Entra answers it. */
export class OAuthError extends Error {
  readonly status: 400 | 401;
  readonly error: string;
  readonly number: number;
  /** The name of its row above. */
  readonly reason: keyof typeof OAUTH_ERRORS;

  /** `sentence`: for people; no secret in it. */
  constructor(name: keyof typeof OAUTH_ERRORS, sentence: string) {
    super(sentence);
    this.name = 'OAuthError';
    const { status, error, number } = OAUTH_ERRORS[name];
    this.status = status;
    this.error = error;
    this.number = number;
    this.reason = name;
  }

  /** The body of the answer. `requestId`: as in the log. */
  body({ requestId, now }: { readonly requestId: string; readonly now: number }): OAuthErrorBody {
    const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
    const trace = `Trace ID: ${requestId} Correlation ID: ${requestId} Timestamp: ${timestamp}`;
    return {
      error: this.error,
      error_description: `AADSTS${this.number}: ${this.message} ${trace}`,
      error_codes: [this.number],
      timestamp,
      trace_id: requestId,
      correlation_id: requestId,
    };
  }
}
