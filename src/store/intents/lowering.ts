import type { Lowering } from './filter.ts';
import { row, statement, type Database } from './statement.ts';

/**
 * Collations that know the lower case of every letter whatever the database's locale, best first (our own database has
 * the locale C, whose `lower` stops at ASCII): PostgreSQL 18 with full mappings, as JavaScript has them; 17 with those
 * of single letters; ICU in older ones, if they were built with it.
 */
const COLLATIONS = ['pg_unicode_fast', 'pg_c_utf8', 'und-x-icu'];

const best = statement<{ name: string }>(
  'filter.collation',
  `select collname::text as name from pg_collation
   where collname::text = any($1::text[]) and collnamespace = 'pg_catalog'::regnamespace and collencoding in (-1, pg_char_to_encoding(getdatabaseencoding()))
   order by array_position($1::text[], collname::text) limit 1`,
);

const known = new WeakMap<Database, Lowering>();

/**
 * How this database lowers text: both sides of a comparison in the same way. Without any of the collations, as its
 * locale does.
 */
export async function loweringOf(database: Database): Promise<Lowering> {
  const found = known.get(database);
  if (found !== undefined) return found;
  const collation = await row(database, best, [COLLATIONS]);
  const lowering: Lowering = collation === null ? (sql) => `lower(${sql})` : (sql) => `lower(${sql} collate "${collation.name}")`;
  known.set(database, lowering);
  return lowering;
}
