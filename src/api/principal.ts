import { BatchError } from '../wire/errors.ts';
import { lowerAscii } from '../wire/letters.ts';
import type { PageRole } from '../store/intents/pageSessions.ts';
import type { Right } from '../wire/operations.ts';
import type { Account } from './accounts.ts';
import type { Identity } from './identity/identity.ts';
import { type AccountPart, givesRight, type Role, ROLES } from './roles.ts';

/** Who asks, by the kind of credential that was shown. */
export type Principal = AccountPrincipal | IdentityPrincipal;

/** Who asks for something of one account. */
export type AccountPrincipal = SharedKeyPrincipal | TaskPrincipal | MemberPrincipal | SessionPrincipal;

/** Who shows a token to the management plane. What it may do is held against the resource that a path names. */
export interface IdentityPrincipal {
  readonly kind: 'identity';
  readonly identity: Identity;
}

/**
 * Who signs with a key of the account: it may do all that can be done with the account (Azure: shared keys give full
 * permission).
 */
interface SharedKeyPrincipal {
  readonly kind: 'sharedKey';
  readonly account: Account;
  readonly roles: readonly Role[];
  readonly scope: Scope;
}

/** A task that shows its token: it may do all that can be done with its job. */
interface TaskPrincipal {
  readonly kind: 'task';
  readonly account: Account;
  readonly roles: readonly Role[];
  readonly scope: Scope;
}

/** Who shows a token of the directory to an account: it may do what its roles at the account give. */
interface MemberPrincipal {
  readonly kind: 'member';
  readonly identity: Identity;
  readonly account: Account;
  readonly roles: readonly Role[];
  readonly scope: Scope;
}

/** A browser that shows the page: it may do what the link gave it that it was signed in with. */
interface SessionPrincipal {
  readonly kind: 'session';
  readonly session: number;
  readonly role: PageRole;
  readonly account: Account;
  readonly roles: readonly Role[];
  readonly scope: Scope;
}

/** The scope of a principal: the whole account, or one job with its tasks and their files. */
export type Scope = { readonly kind: 'account' } | { readonly kind: 'job'; readonly jobId: string };

/** The demand on a principal: an operation's right to a part of the account, and the parameters of its path. */
export interface Access {
  readonly right: Right;
  readonly of: AccountPart;
  readonly params: Readonly<Record<string, string>>;
}

export function sharedKeyPrincipal(account: Account): AccountPrincipal {
  return { kind: 'sharedKey', account, roles: [ROLES.contributor], scope: { kind: 'account' } };
}

/**
 * The access that `authenticationTokenSettings` gives (API reference, AccessScope `job`: "grants access to perform all
 * operations on the Job containing the Task").
 */
export function taskPrincipal(account: Account, jobId: string): AccountPrincipal {
  return { kind: 'task', account, roles: [ROLES.contributor], scope: { kind: 'job', jobId } };
}

export function memberPrincipal(identity: Identity, account: Account, roles: readonly Role[]): AccountPrincipal {
  return { kind: 'member', identity, account, roles, scope: { kind: 'account' } };
}

export function sessionPrincipal(account: Account, { session, role }: Pick<SessionPrincipal, 'session' | 'role'>): AccountPrincipal {
  return { kind: 'session', session, role, account, roles: [ROLES[role]], scope: { kind: 'account' } };
}

/**
 * The one place where rights are checked. @throws BatchError InsufficientAccountPermissions (403) when no role gives
 * the right, or the scope does not reach so far.
 */
export function authorize({ roles, scope }: AccountPrincipal, { right, of, params }: Access): void {
  if (!givesRight(roles, of, right)) throw denied(`The caller does not have the right to ${right} ${PART_WORDS[of]}.`);
  if (!reaches(scope, params['jobId'])) throw denied('The credential of the caller is for another job, or for one job only.');
}

const PART_WORDS: Readonly<Record<AccountPart, string>> = { account: 'the account', applications: 'applications', certificates: 'certificates', pools: 'pools', jobs: 'jobs', jobSchedules: 'job schedules' };

function reaches(scope: Scope, jobId: string | undefined): boolean {
  switch (scope.kind) {
    case 'account':
      return true;
    case 'job':
      // Ids are equal whatever their case.
      return jobId !== undefined && lowerAscii(jobId) === lowerAscii(scope.jobId);
  }
}

function denied(reason: string): BatchError {
  return new BatchError('InsufficientAccountPermissions', [{ key: 'Reason', value: reason }]);
}
