import type { AccountNumber, Instant } from '../../core/keys.ts';
import { sealedCertificate } from '../sealedSpecs.ts';
import type { Sealing } from '../sealing.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

export type CertificateState = 'active' | 'deleting' | 'deletefailed';

/** A certificate as clients see it; what it holds in secret goes to nodes alone (`store/owner/specs.ts`). */
export interface CertificateRow {
  readonly thumbprint: string;
  readonly format: 'pfx' | 'cer';
  readonly publicData: string;
  readonly state: CertificateState;
  readonly since: Instant;
  /** null: it has been in no other state. */
  readonly previousState: CertificateState | null;
  readonly previousSince: Instant | null;
  /** JSON text: name (`Pool` or `Node`) and id of each that was in the way of its deletion. */
  readonly usedBy: string | null;
}

export interface NewCertificate {
  readonly thumbprint: string;
  readonly format: 'pfx' | 'cer';
  readonly data: Buffer;
  readonly password: string | null;
  /** DER in base64. */
  readonly publicData: string;
}

const COLUMNS = `thumbprint, format, public_data as "publicData", state, state_since as since, previous_state as "previousState", previous_since as "previousSince", used_by as "usedBy"`;

const find = statement<CertificateRow>('certificate.find', `select ${COLUMNS} from certificate where account = $1 and thumbprint_key = $2`);
const lock = statement<CertificateRow>('certificate.lock', `select ${COLUMNS} from certificate where account = $1 and thumbprint_key = $2 for update`);
const share = statement<{ key: string; state: CertificateState }>(
  'certificate.share',
  'select thumbprint_key as key, state from certificate where account = $1 and thumbprint_key = any($2) order by thumbprint_key for share',
);
const list = statement<CertificateRow>('certificate.list', `select ${COLUMNS} from certificate where account = $1 and thumbprint_key > $2 order by thumbprint_key`);
const insert = statement<{ thumbprint: string }>(
  'certificate.insert',
  `insert into certificate (account, thumbprint, thumbprint_key, format, sealed, public_data, state, state_since)
   values ($1, $2, $3, $4, $5, $6, 'active', $7) on conflict do nothing returning thumbprint`,
);
const move = statement(
  'certificate.move',
  'update certificate set previous_state = state, previous_since = state_since, state = $3, state_since = $4, used_by = null where account = $1 and thumbprint_key = $2',
);
const settle = statement(
  'certificate.settle',
  `with due as (
     select account, thumbprint_key from certificate where state = 'deleting' and state_since <= $2 and ($1::int is null or account = $1) for update
   ), used as (
     select account, thumbprint_key, jsonb_agg(jsonb_build_object('name', name, 'value', id) order by name desc, id_key) as users from (
       select due.*, 'Pool' as name, p.id, p.id_key from due join pool p using (account)
       where exists (select from jsonb_array_elements(p.spec->'certificateReferences') r where lower(r->>'thumbprint') = due.thumbprint_key)
       union all select due.*, 'Node', n.id, n.id_key from due join node n using (account)
       where n.gone_at is null and exists (select from jsonb_array_elements(n.status->'agent'->'certificates') r where lower(r->>'thumbprint') = due.thumbprint_key)
     ) found group by 1, 2
   ), gone as (
     delete from certificate c using due where c.account = due.account and c.thumbprint_key = due.thumbprint_key
       and not exists (select from used where used.account = c.account and used.thumbprint_key = c.thumbprint_key)
   )
   update certificate c set previous_state = state, previous_since = state_since, state = 'deletefailed', state_since = $3, used_by = used.users
   from used where used.account = c.account and used.thumbprint_key = c.thumbprint_key`,
);

/** Thumbprints are the same in any case, and with blanks in them, as Windows shows them. */
export function thumbprintKey(thumbprint: string): string {
  return thumbprint.replaceAll(/\s/g, '').toLowerCase();
}

export function findCertificate(database: Database, account: AccountNumber, thumbprint: string): Promise<CertificateRow | null> {
  return row(database, find, [account, thumbprintKey(thumbprint)]);
}

export function lockCertificate(tx: Transaction, account: AccountNumber, thumbprint: string): Promise<CertificateRow | null> {
  return row(tx, lock, [account, thumbprintKey(thumbprint)]);
}

/**
 * States by key of those of them that there are, which none of them leaves until the transaction ends: what comes to
 * name a certificate is ordered against its deletion.
 */
export async function shareCertificates(tx: Transaction, account: AccountNumber, thumbprints: readonly string[]): Promise<ReadonlyMap<string, CertificateState>> {
  const found = await rows(tx, share, [account, thumbprints.map(thumbprintKey)]);
  return new Map(found.map(({ key, state }) => [key, state]));
}

/** All above the key `after`, in the order of their keys. */
export function listCertificates(database: Database, account: AccountNumber, after: string): Promise<readonly CertificateRow[]> {
  return rows(database, list, [account, after]);
}

/** False: there is one of this thumbprint. */
export async function insertCertificate(tx: Transaction, sealing: Sealing, account: AccountNumber, { thumbprint, format, publicData, ...secrets }: NewCertificate, now: Instant): Promise<boolean> {
  return (await row(tx, insert, [account, thumbprint, thumbprintKey(thumbprint), format, sealedCertificate(secrets, sealing), publicData, now])) !== null;
}

/** Of one that is locked. */
export async function moveCertificate(tx: Transaction, account: AccountNumber, { thumbprint }: CertificateRow, state: CertificateState, now: Instant): Promise<void> {
  await rows(tx, move, [account, thumbprintKey(thumbprint), state, now]);
}

/** A deletion lasts so long, as on the real service: a client that asks right after it reads `deleting` (recorded). */
const DELETION_MS = 5_000;

/**
 * Ends the deletions of an account (null: of all) that have lasted long enough: the certificate is gone, or, where a
 * pool names it or a node has it, its deletion has failed (API reference, "Delete a certificate").
 */
export async function settleCertificates(database: Database, account: AccountNumber | null, now: Instant): Promise<void> {
  await rows(database, settle, [account, now - DELETION_MS, now]);
}
