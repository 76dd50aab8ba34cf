/** Errors of Microsoft Graph that are answered (Graph documentation, "Error responses"), with their status. */
const GRAPH_ERRORS = {
  InvalidAuthenticationToken: 401,
  Authorization_RequestDenied: 403,
  Request_ResourceNotFound: 404,
  Request_BadRequest: 400,
  Request_UnsupportedQuery: 400,
  Request_MultipleObjectsWithSameKeyValue: 400,
  Directory_QuotaExceeded: 403,
  KeyCredentialsInvalidEndDate: 400,
  BadRequest: 400,
  MethodNotAllowed: 405,
} as const satisfies Readonly<Record<string, 400 | 401 | 403 | 404 | 405>>;

/** Thrown for what the directory refuses, answered as Graph answers it. */
export class GraphError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405;
  readonly code: keyof typeof GRAPH_ERRORS;

  constructor(code: keyof typeof GRAPH_ERRORS, message: string) {
    super(message);
    this.name = 'GraphError';
    this.code = code;
    this.status = GRAPH_ERRORS[code];
  }

  body({ requestId, now }: { readonly requestId: string; readonly now: number }): object {
    const innerError = { date: new Date(now).toISOString().slice(0, 19), 'request-id': requestId, 'client-request-id': requestId };
    return { error: { code: this.code, message: this.message, innerError } };
  }
}
