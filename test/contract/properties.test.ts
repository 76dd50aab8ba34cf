import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handlers } from '../../src/api/data/handlers.ts';
import { dataContract, type ShapeName } from '../../src/wire/dataContract.ts';
import { fatesOf } from '../../src/wire/fates.ts';
import { operations, type Operation } from '../../src/wire/operations.ts';
import { AUTO_POOL_JOBS, BODIES, type Json } from './properties/bodies.ts';
import { isTold, leavesOf, othersOf, pathsOf, type Leaf } from './properties/leaves.ts';
import { isRefused, shownBy, stage, type Outcome, type Refused, type Stage } from './properties/stage.ts';

/**
 * Each property that a client can send is sent twice, with values that differ in it alone. What that changes says where
 * it acts: in the answer, in what the rules read, in what an agent is given.
 */

let on: Stage;
beforeAll(async () => {
  on = await stage();
});
afterAll(() => on.close());

type Sending = Operation & { readonly body: ShapeName };
/** The operations that take a body. */
const SENDING: readonly Sending[] = operations.flatMap((operation) => (operation.body === undefined || handlers[operation.id] === undefined ? [] : [{ ...operation, body: operation.body }]));

interface Case {
  readonly where: string;
  readonly body: Json;
  readonly leaf: Leaf;
}

/** Each place once, in the first body that has it. */
function casesOf(shape: ShapeName, bodies: readonly Json[]): readonly Case[] {
  const all = bodies.flatMap((body) => leavesOf(shape, body).map((leaf) => ({ where: leaf.path.join('.'), body, leaf })));
  return [...new Map(all.toReversed().map((one) => [one.where, one])).values()].toReversed();
}

const CASES = SENDING.map((operation) => [operation.id, operation, casesOf(operation.body, BODIES[operation.body] ?? [])] as const);

const outcomes = new Map<string, Promise<Outcome | Refused>>();
/** What becomes of a body, looked at once for all of its properties. */
function outcomeOf(operation: Sending, body: Json): Promise<Outcome | Refused> {
  const key = `${operation.id} ${JSON.stringify(body)}`;
  const found = outcomes.get(key) ?? on.send(operation, body);
  outcomes.set(key, found);
  return found;
}

async function taken(operation: Sending, body: Json): Promise<Outcome> {
  const outcome = await outcomeOf(operation, body);
  if (isRefused(outcome)) throw new Error(`the body is refused: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** The first of the bodies that is taken, or the last refusal. */
async function firstTaken(operation: Sending, bodies: readonly Json[]): Promise<Outcome | Refused> {
  let outcome: Outcome | Refused | undefined;
  for (const body of bodies) {
    outcome = await on.send(operation, body);
    if (!isRefused(outcome)) return outcome;
  }
  if (outcome === undefined) throw new Error('there is no other value');
  return outcome;
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

describe.each(CASES)('%s', (_id, operation, cases) => {
  test.each(cases)('$where is kept, and acts', async ({ body, leaf }) => {
    const before = await taken(operation, body);
    const after = await firstTaken(operation, othersOf(body, leaf));
    if (isRefused(after)) throw new Error(`no other value is taken: ${JSON.stringify(after)}`);
    const changes = { answer: differs(before.answer, after.answer), rules: differs(before.rules, after.rules), work: differs(before.work, after.work) };
    const shape = shownBy(operation).response;
    const [fate] = fatesOf(leaf.shape, leaf.name);
    // A collection has its tasks one level down.
    const path = operation.id === 'Task_AddCollection' ? leaf.path.slice(2) : leaf.path;
    if (shape !== undefined && isTold(shape, path, body)) expect(changes.answer, 'the answer').toBe(true);
    if (fate?.kind !== 'honoured') return;
    // What the rules act on in a task is an agent's affair in a preparation task.
    const acts = { api: changes.answer || changes.work, core: changes.rules || changes.work, agent: changes.work };
    expect(acts[fate.by], `what ${fate.by} goes by`).toBe(true);
  });

  test('the same body twice has the same outcome: what differs is the property', async () => {
    for (const body of new Set(cases.map((one) => one.body))) expect(await on.send(operation, body)).toEqual(await taken(operation, body));
  });
});

/** Nothing else of an auto pool is changed by the real service (API reference, "Update a job"). */
const ALONE = 'Of an auto pool only keepAlive can be changed.';
/** A change of a job whose pool is made for it, which says of the pool what the job was added with. */
const REPEATING = SENDING.filter(({ id }) => id === 'Job_Patch' || id === 'Job_Update').map((operation) => {
  const cases = AUTO_POOL_JOBS.flatMap((job) => casesOf(operation.body, [{ poolInfo: job['poolInfo'] }]).map((one) => ({ ...one, job })));
  return [operation.id, operation, [...new Map(cases.toReversed().map((one) => [one.where, one])).values()].toReversed()] as const;
});

describe.each(REPEATING)('%s of a job that has its pool made', (_id, operation, cases) => {
  test('takes again what the job was added with', async () => {
    for (const { body, job } of new Map(cases.map((one) => [one.job, one])).values()) expect(await on.send(operation, body, job)).not.toHaveProperty('code');
  });

  test.each(cases.filter(({ leaf }) => leaf.name !== 'keepAlive'))('refuses another $where', async ({ body, leaf, job }) => {
    const answers: unknown[] = [];
    for (const other of othersOf(body, leaf)) {
      const outcome = await on.send(operation, other, job);
      answers.push(isRefused(outcome) ? outcome.values : 'taken');
      if (!isRefused(outcome) || JSON.stringify(outcome.values).includes(ALONE)) break;
    }
    // Some of the values are none at all, and refused for that before.
    expect(answers.at(-1)).toContainEqual({ key: 'Reason', value: ALONE });
  });

  test('changes whether the pool is kept', async () => {
    const [found] = cases.filter(({ leaf }) => leaf.name === 'keepAlive');
    const [other] = found === undefined ? [] : othersOf(found.body, found.leaf);
    if (found === undefined || other === undefined) throw new Error('no body says whether the pool is kept');
    const [before, after] = [await on.send(operation, found.body, found.job), await on.send(operation, other, found.job)];
    if (isRefused(before) || isRefused(after)) throw new Error(`it is not taken: ${JSON.stringify([before, after])}`);
    expect({ answer: differs(before.answer, after.answer), rules: differs(before.rules, after.rules) }).toEqual({ answer: true, rules: true });
  });
});

test('no property that can be sent is left out', () => {
  const bodies = SENDING.flatMap(({ body }) => (BODIES[body] ?? []).map((sent) => [body, sent] as const));
  const varied = new Set(bodies.flatMap(([shape, body]) => pathsOf(shape, body)));
  const missing: string[] = [];
  const visit = (shape: ShapeName, path: string, above: readonly ShapeName[]): void => {
    for (const [name, row] of dataContract.rowsOf(shape)) {
      const [fate] = fatesOf(shape, name);
      if (row.readOnly === true || fate === undefined || fate.kind !== 'honoured') continue;
      const at = `${path}.${name}`;
      if (!varied.has(at) && !varied.has(`${shape}.${name}`)) missing.push(at);
      if (dataContract.isShape(row.type) && !above.includes(row.type)) visit(row.type, at, [...above, row.type]);
    }
  };
  for (const { body } of SENDING) visit(body, body, []);
  expect(missing).toEqual([]);
});
