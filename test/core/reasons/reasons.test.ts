import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explained } from '../../../src/api/own/explain/explanation.ts';
import { type Reason, sentenceOf } from '../../../src/core/reasons.ts';
import { testEnv, type TestEnv } from '../harness.ts';
import { carryOutFix, contextOf } from './fixing.ts';
import { ofNodes } from './ofNodes.ts';
import { ofPools } from './ofPools.ts';
import { ofTasks } from './ofTasks.ts';
import type { Asked, Code, Situation, Situations } from './situation.ts';

const DAY_MS = 24 * 3_600_000;

/** The compiler asks for each code of the union. */
const SITUATIONS: Situations<Code> = { ...ofTasks, ...ofNodes, ...ofPools };
const ALL = Object.entries(SITUATIONS).flatMap(([code, situations]) => situations.map((situation): readonly [string, Situation] => [code, situation]));
const WITHOUT_FIX = ALL.filter(([, { fixes = [] }]) => fixes.length === 0);
const WITH_FIX = ALL.flatMap(([code, situation]) => (situation.fixes ?? []).map((fix, index) => [code, fix, index, situation] as const));

test.each(ALL)('%s says what it is, whether it stays, and what would mend it', (code, { given, sentence, stays = false, never = false, fixes = [] }) => {
  const env = testEnv();
  const asked = given(env);
  const reason = reasonOf(asked, code);
  expect(named(env, sentenceOf(reason))).toBe(sentence);
  const said = explained(reason, contextOf(asked));
  expect([said.stays, said.never, said.fixes.map(({ label }) => label)]).toEqual([stays, never, fixes]);
});

test.each(WITHOUT_FIX)('%s goes when what is in the way does, or not at all', (code, { given }) => {
  const env = testEnv();
  const asked = given(env);
  if (asked.passes === undefined) throw new Error(`${code} has no fix: what takes it away?`);
  if (asked.passes === null) {
    env.pass(DAY_MS);
    return expect(codesOf(asked)).toContain(code);
  }
  const isMended = thenOf(asked);
  expect(isMended()).toBe(false);
  asked.passes();
  expect(codesOf(asked)).not.toContain(code);
  expect(isMended()).toBe(true);
});

test.each(WITH_FIX)('%s is taken away by its fix: %s', (code, _, index, { given }) => {
  const env = testEnv();
  const asked = given(env);
  const isMended = thenOf(asked);
  expect(isMended()).toBe(false);
  const fix = explained(reasonOf(asked, code), contextOf(asked)).fixes[index];
  if (fix === undefined) throw new Error(`there is no fix ${index}`);
  asked.passes?.();
  carryOutFix(env, fix);
  env.settle();
  asked.afterFix?.();
  expect(codesOf(asked)).not.toContain(code);
  // The others leave the pool without a node: that is the next reason.
  if (index === 0) expect(isMended()).toBe(true);
});

test('docs/explain.md has each code, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/explain.md'), 'utf8');
  const first = page.indexOf('| code | data |');
  const documented = [...page.slice(first).matchAll(/`([A-Z][A-Za-z]+)`/g)].flatMap(([, code]) => code ?? []);
  expect([...new Set(documented)].toSorted()).toEqual(Object.keys(SITUATIONS).toSorted());
});

function reasonOf({ ask }: Asked, code: string): Reason {
  const reasons = ask() ?? [];
  const reason = reasons.find((one) => one.code === code);
  if (reason === undefined) throw new Error(`not ${code}, but ${JSON.stringify(reasons)}`);
  return reason;
}

function codesOf({ ask }: Asked): readonly string[] {
  return (ask() ?? []).map((reason) => reason.code);
}

/** To be called before anything is mended: a task may be another one afterwards. */
function thenOf({ mended, job, task }: Asked): () => boolean {
  if (mended !== undefined) return mended;
  if (job === undefined || task === undefined) throw new Error('what is to be so then?');
  const { idKey } = job.intentOf(task);
  return () => job.inState('running').some((running) => job.intentOf(running).idKey === idKey);
}

/** With `NODE1` for the id of the first node. */
function named(env: TestEnv, sentence: string): string {
  const ids = [...env.nodes.values()].map(({ id }) => id);
  return ids.reduce((text, id, index) => text.replaceAll(id, `NODE${index + 1}`), sentence);
}
