import type { Pool, PoolClient } from 'pg';
import { idKey, type AccountNumber, type Instant } from '../core/keys.ts';
import type { NamedPackage } from '../wire/applications.ts';

/** A package that is active, as nodes are given it. */
export interface ActivePackage extends NamedPackage {
  /** Where its zip file lies: the blob is called as the version. */
  readonly container: string;
  /** No other activation has this number. */
  readonly activation: number;
  readonly activatedAt: Instant;
}

const READ = `select a.id as application, p.version, coalesce(p.version_key = a.default_version, false) as "isDefault", a.container, p.activation, p.activated_at as "activatedAt"
  from application a join application_package p using (application)
  where a.account = $1 and a.id_key = any($2::text[]) and p.activated_at is not null`;

/** Those of these applications; for handlers and owners. */
export async function readActivePackages(connection: Pool | PoolClient, account: AccountNumber, applications: readonly string[]): Promise<readonly ActivePackage[]> {
  if (applications.length === 0) return [];
  const { rows } = await connection.query<ActivePackage>({ name: 'active-packages', text: READ, values: [account, [...new Set(applications.map(idKey))]] });
  return rows;
}
