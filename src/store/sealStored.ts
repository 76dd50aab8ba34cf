import type { Pool, PoolClient } from 'pg';
import type { Sealing } from './sealing.ts';
import { sealedCertificate, sealedText, secretNames, SPECIFICATIONS, type SpecificationColumn } from './sealedSpecs.ts';

/**
 * Seals the secrets that earlier versions have left in plain text: each column in one transaction, once. Processes that
 * start at the same time wait for each other. `pool`: from `connect(…, 'migration')`. Returns how many rows it sealed.
 */
export async function sealStored(pool: Pool, sealing: Sealing): Promise<number> {
  let rows = 0;
  const client = await pool.connect();
  try {
    for (;;) {
      await client.query('begin');
      const { rows: [due] } = await client.query<{ name: string }>('select name from unsealed order by name limit 1 for update');
      if (due === undefined) break;
      rows += due.name === CERTIFICATE ? await sealCertificates(client, sealing) : await sealColumn(client, columnNamed(due.name), sealing);
      await client.query('delete from unsealed where name = $1', [due.name]);
      await client.query('commit');
    }
    await client.query('rollback');
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release();
  return rows;
}

const CERTIFICATE = 'certificate';

/** How many rows are in memory at once. */
const BATCH = 500;

function columnNamed(name: string): SpecificationColumn {
  if (!Object.hasOwn(SPECIFICATIONS, name)) throw new Error(`the column ${name} holds no specifications`);
  return name as SpecificationColumn;
}

async function sealColumn(client: PoolClient, name: SpecificationColumn, sealing: Sealing): Promise<number> {
  const [table, column] = name.split('.');
  let rows = 0;
  await client.query(`declare plain no scroll cursor for select ctid::text as place, ${column}::text as text from ${table} where ${column}::text ~ '${secretNames(name)}' for update`);
  for (;;) {
    const { rows: found } = await client.query<{ place: string; text: string }>(`fetch ${BATCH} from plain`);
    if (found.length === 0) break;
    const changed = found.map(({ place, text }) => ({ place, text, sealed: sealedText(name, text, sealing) })).filter(({ text, sealed }) => sealed !== text);
    await client.query(
      `update ${table} t set ${column} = new.text::json from unnest($1::text[]::tid[], $2::text[]) as new (place, text) where t.ctid = new.place`,
      [changed.map(({ place }) => place), changed.map(({ sealed }) => sealed)],
    );
    rows += changed.length;
  }
  await client.query('close plain');
  return rows;
}

async function sealCertificates(client: PoolClient, sealing: Sealing): Promise<number> {
  const { rows } = await client.query<{ account: number; key: string; data: Buffer; password: string | null }>(
    'select account, thumbprint_key as key, data, password from certificate where sealed is null for update',
  );
  for (const { account, key, ...secrets } of rows) {
    await client.query('update certificate set sealed = $3, data = null, password = null where account = $1 and thumbprint_key = $2', [account, key, sealedCertificate(secrets, sealing)]);
  }
  return rows.length;
}
