import { BatchError } from '../wire/errors.ts';
import { lowerAscii } from '../wire/letters.ts';
import type { Right } from '../wire/operations.ts';
import type { Account } from './accounts.ts';

/** Who asks, by the kind of credential that was shown. */
export type Principal = AccountPrincipal | IdentityPrincipal;

/** Who asks for something of one account. */
export type AccountPrincipal = SharedKeyPrincipal | TaskPrincipal;

/** Who a token names. */
export interface Identity {
  readonly objectId: string;
  readonly tenantId: string;
  readonly kind: 'servicePrincipal' | 'user' | 'managedIdentity';
  /** For people. */
  readonly name: string;
  /** Of a service principal or a managed identity. */
  readonly appId?: string;
}

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

/** After Azure's "Batch Data Contributor" and "Batch Account Reader". */
export type Role = keyof typeof ROLE_RIGHTS;

/** The scope of a principal: the whole account, or one job with its tasks and their files. */
export type Scope = { readonly kind: 'account' } | { readonly kind: 'job'; readonly jobId: string };

const ROLE_RIGHTS = {
  contributor: ['read', 'write', 'delete'],
  reader: ['read'],
} as const satisfies Readonly<Record<string, readonly Right[]>>;

/** The demand on a principal: an operation's right, and the parameters of its path. */
export interface Access {
  readonly right: Right;
  readonly params: Readonly<Record<string, string>>;
}

export function sharedKeyPrincipal(account: Account): AccountPrincipal {
  return { kind: 'sharedKey', account, roles: ['contributor'], scope: { kind: 'account' } };
}

/**
 * The access that `authenticationTokenSettings` gives (API reference, AccessScope `job`: "grants access to perform all
 * operations on the Job containing the Task").
 */
export function taskPrincipal(account: Account, jobId: string): AccountPrincipal {
  return { kind: 'task', account, roles: ['contributor'], scope: { kind: 'job', jobId } };
}

/**
 * The one place where rights are checked. @throws BatchError InsufficientAccountPermissions (403) when no role gives
 * the right, or the scope does not reach so far.
 */
export function authorize({ roles, scope }: AccountPrincipal, { right, params }: Access): void {
  const rights: readonly Right[] = roles.flatMap((role) => [...ROLE_RIGHTS[role]]);
  if (!rights.includes(right)) throw denied(`The caller does not have the right to ${right}.`);
  if (!reaches(scope, params['jobId'])) throw denied('The credential of the caller is for another job, or for one job only.');
}

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
