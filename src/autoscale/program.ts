import { check } from './check.ts';
import { translate, type Code, type Slots } from './closures.ts';
import { parse } from './grammar.ts';
import { LIMITS, type Limits } from './limits.ts';
import { locate, type Problem, type Span } from './problems.ts';
import { walk, type Statement } from './syntax.ts';
import { serviceVariable, SERVICE_VARIABLES } from './variables.ts';

/** A formula ready to be evaluated, as often as one likes. */
export interface Program {
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly steps: readonly Step[];
  /** The slots before the first statement: all unassigned. */
  readonly emptySlots: readonly undefined[];
  /** The user's variables, in the order of the results text. */
  readonly variables: readonly { readonly name: string; readonly label: string; readonly slot: number }[];
  /** Slots of the service's read-write variables, the one that wins first. */
  readonly dedicatedSlots: readonly number[];
  readonly lowPrioritySlots: readonly number[];
  readonly optionSlot: number;
}

/** One statement: what it computes and the slot it goes to, if it is an assignment. */
interface Step {
  readonly code: Code;
  readonly slot: number | undefined;
  readonly span: Span;
  readonly valueSpan: Span;
  /** Tree nodes: what it costs at most, vectors aside. */
  readonly cost: number;
}

export type Compilation = { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Text to program, or all problems of the text in the order of their places (at most `limits.problems`). The service
 * checks a formula when it is set (create, enable: 400) and when it is evaluated (200 with an error inside).
 */
export function compile(text: string, limits: Limits = LIMITS): Compilation {
  const parsed = parse(text, limits);
  const problems = [...parsed.problems, ...check(parsed.outline).findings.map((finding) => locate(text, finding))];
  if (problems.length > 0) return { ok: false, problems: problems.sort((a, b) => a.span.start - b.span.start).slice(0, limits.problems) };
  return { ok: true, program: programOf(text, parsed.statements) };
}

function programOf(text: string, statements: readonly Statement[]): Program {
  const numbers = new Map<string, number>();
  const slots: Slots = {
    slotOf(name) {
      const slot = numbers.get(name) ?? numbers.size;
      numbers.set(name, slot);
      return slot;
    },
  };
  const steps = statements.map((statement) => stepOf(statement, slots));
  const slotsOf = (name: string): number[] => {
    const row = SERVICE_VARIABLES.find((variable) => variable.name === name);
    return [name, ...(row?.aliases ?? [])].map((each) => slots.slotOf(each));
  };
  const dedicatedSlots = slotsOf('$TargetDedicatedNodes');
  const lowPrioritySlots = slotsOf('$TargetLowPriorityNodes');
  const optionSlot = slots.slotOf('$NodeDeallocationOption');
  const variables = [...numbers]
    .map(([name, slot]) => ({ name, label: `;${name}=`, slot }))
    .filter(({ name }) => serviceVariable(name) === undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1)); // by code unit: '$' before letters, as in recorded runs
  return { text, statements, steps, emptySlots: Array.from<undefined>({ length: numbers.size }), variables, dedicatedSlots, lowPrioritySlots, optionSlot };
}

function stepOf(statement: Statement, slots: Slots): Step {
  const code = translate(statement.value, slots);
  const slot = statement.kind === 'assignment' ? slots.slotOf(statement.name) : undefined;
  return { code, slot, span: statement.span, valueSpan: statement.value.span, cost: [...walk(statement.value)].length };
}
