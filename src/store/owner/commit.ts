import type { Pool } from 'pg';
import { type AttemptSpec, type Committed, Deposed, OutOfTurn, Refused, type TickCommit } from '../ownerStore.ts';
import { PARTS } from './commitParts.ts';
import { Lanes } from './lanes.ts';
import { numbers } from './literals.ts';
import type { Part } from './part.ts';

/**
 * A tick is one statement, so one round trip and one transaction: `owner` writes in the ownership row that this tick is
 * the last (a claim waits for us, we see its epoch), `go` is there if the one before it was, and each part writes only
 * if `go` is. `guard` locks the jobs that end by themselves (an add or a reactivation waits for us, we see what it
 * counted); the parts that write jobs go by what it found of each. Which parts stand in it depends on the tick: each
 * combination is a prepared statement of its own.
 */
const statements = new Map<string, { readonly name: string; readonly text: string }>();

interface OutcomeRow {
  readonly owned: boolean;
  readonly refused: readonly number[] | null;
  readonly job?: number | null;
  readonly task: number;
  readonly id: string;
  readonly spec: unknown;
}

/** Carries out the ticks of an account in the order of the calls. */
export function committer(pool: Pool): (tick: TickCommit) => Promise<Committed> {
  const lanes = new Lanes(pool);
  return (tick) => commit(pool, lanes, tick);
}

async function commit(pool: Pool, lanes: Lanes, tick: TickCommit): Promise<Committed> {
  const parts = PARTS.filter((part) => part.applies(tick));
  const { guards } = tick.decisions;
  const guarded = guards.length > 0;
  const withSpecs = tick.specs.length > 0;
  const values: unknown[] = [tick.account, tick.epoch, tick.tick];
  if (guarded) values.push(numbers(guards.map(({ job }) => job)), numbers(guards.map(({ ingested }) => ingested)), numbers(guards.map(({ reactivations }) => reactivations)));
  if (withSpecs) values.push(numbers(tick.specs.map(({ job }) => job)), numbers(tick.specs.map(({ task }) => task)));
  for (const part of parts) values.push(...part.values(tick));

  const { rows } = await lanes.query<OutcomeRow>(tick.account, { ...statement(parts, guarded, withSpecs), values }).catch((error: unknown) => {
    throw isRefusal(error) ? new Refused(`PostgreSQL refused tick ${tick.tick}`, { cause: error }) : error;
  });
  const outcome = rows[0];
  if (outcome === undefined || !outcome.owned) throw await whyNot(pool, tick);
  const specs: AttemptSpec[] = [];
  for (const { job, task, id, spec } of rows) if (job !== null && job !== undefined) specs.push({ job, task, id, spec });
  return { specs, refused: outcome.refused ?? [] };
}

/** Asked with a new snapshot: the statement may have waited for a claim that it does not see. */
async function whyNot(pool: Pool, { account, epoch, tick }: TickCommit): Promise<Deposed | OutOfTurn> {
  const { rows } = await pool.query<{ epoch: number; tick: number }>('select epoch, tick from ownership where account = $1', [account]);
  const row = rows[0];
  if (row === undefined || row.epoch !== epoch) return new Deposed(`Epoch ${epoch} no longer rules account ${account}.`);
  return new OutOfTurn(`Tick ${tick} of account ${account} does not follow tick ${row.tick}.`);
}

/**
 * Classes 22 (data), 23 (constraints) and 42 (syntax, names) of PostgreSQL's error codes: the statement was not carried
 * out and cannot be.
 */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(22|23|42)/.test(error.code);
}

function statement(parts: readonly Part[], guarded: boolean, withSpecs: boolean): { readonly name: string; readonly text: string } {
  const name = `commit ${[...(guarded ? ['guard'] : []), ...(withSpecs ? ['specs'] : []), ...parts.map((part) => part.name)].join(' ')}`;
  const known = statements.get(name);
  if (known !== undefined) return known;
  // Names reach the server as far as 63 bytes; the number keeps them apart.
  const made = { name: `commit ${statements.size}`, text: statementText(parts, guarded, withSpecs) };
  statements.set(name, made);
  return made;
}

function statementText(parts: readonly Part[], guarded: boolean, withSpecs: boolean): string {
  let used = 3;
  const next = (): string => `$${(used += 1)}`;
  const guard = guarded ? `guard as materialized (select j.job, j.next_task - 1 <> g.ingested or j.reactivations <> g.reactivations as refused
    from unnest(${next()}::bigint[], ${next()}::bigint[], ${next()}::bigint[]) as g(job, ingested, reactivations) join job j on j.job = g.job for share of j),` : '';
  const refused = guarded ? '(select array_agg(job) from guard where refused)' : 'null::bigint[]';
  const specs = withSpecs ? `left join (select t.job, t.task, t.id, t.spec
    from unnest(${next()}::bigint[], ${next()}::bigint[]) as u(job, task) join task t on t.job = u.job and t.task = u.task) offered on true` : '';
  const writes = parts.map((part) => `,\n${part.sql(next)}`).join('');
  return `with owner as (update ownership set tick = $3 where account = $1 and epoch = $2 and tick = greatest($3 - 1, 0) returning account),
    ${guard}
    go as materialized (select from owner)${writes}
    select exists (select from owner) as owned, ${refused} as refused${withSpecs ? ', offered.*' : ''}
    from (select) one ${specs}`;
}
