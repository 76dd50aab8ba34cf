import type { Logger } from 'pino';
import { BatchError } from '../wire/errors.ts';
import { ManagementError } from '../wire/management/errors.ts';
import type { Identity } from './identity/identity.ts';
import { GraphError } from './identity/graph/errors.ts';
import { OAuthError } from './identity/oauthError.ts';

/** What was asked for that is no read. */
interface Write {
  readonly requestId: string;
  readonly operation: string;
  readonly path: string;
  readonly identity: Pick<Identity, 'objectId' | 'name'>;
  /** A deployment of this identity asks for it. Left out: a client does. */
  readonly isDeployment?: true;
}

/** The kinds of lines: what Resource Manager, the directory and the service's own sign-in were asked to change. */
type AuditLine = 'management write' | 'directory write' | 'identity write';

/** Has a line in the log for a write, whatever becomes of it. */
export type Audit = <Answer extends { readonly status: number }>(line: AuditLine, write: Write, answered: Promise<Answer>) => Promise<Answer>;

/** `changed`: called after each write that went well, since who may do what may be different now. */
export function createAudit(log: Pick<Logger, 'info'>, changed: () => void): Audit {
  return async (line, { identity: { objectId, name }, isDeployment, ...write }, answered) => {
    const tell = (outcome: { readonly status: number } | { readonly code: string }): void =>
      log.info({ ...write, objectId, name, ...(isDeployment === true ? { by: 'deployment' } : {}), ...outcome }, line);
    try {
      const answer = await answered;
      tell({ status: answer.status });
      changed();
      return answer;
    } catch (error) {
      tell({ code: codeOf(error) });
      throw error;
    }
  };
}

function codeOf(error: unknown): string {
  if (error instanceof BatchError || error instanceof ManagementError || error instanceof GraphError) return error.code;
  return error instanceof OAuthError ? error.reason : 'InternalError';
}
