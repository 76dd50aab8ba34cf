import type { Place } from './places.ts';

/** Codes that a template can be refused with. */
type TemplateErrorCode = 'InvalidTemplate' | 'InvalidRequestContent';

/** A template, or the parameters for it, that cannot be deployed; `message` is for the one who wrote it. */
export class TemplateError extends Error {
  readonly code: TemplateErrorCode;
  readonly place: Place;
  /** What is wrong with an expression of what, where that is it. */
  readonly fault: Fault | null;
  constructor(code: TemplateErrorCode, message: string, place: Place, fault: Fault | null = null) {
    super(message);
    this.code = code;
    this.place = place;
    this.fault = fault;
  }
}

interface Fault {
  readonly what: string;
  readonly reason: string;
}

/** Thrown within an expression; what it is an expression of adds its name and place. */
export class ExpressionError extends Error {}

/** Refuses a template before anything of it is deployed, in the form Resource Manager has for that. */
export function invalid(message: string, place: Place, fault: Fault | null = null): TemplateError {
  return new TemplateError('InvalidTemplate', `Deployment template validation failed: '${message}'.`, place, fault);
}

/** Evaluates expressions of one thing: `what` is `The template resource 'x'`. @throws TemplateError */
export function within<T>(what: string, place: Place, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw invalid(`${what} ${atPlace(place)} is not valid: ${error.message}. ${HELP.expressions}`, place, { what, reason: error.message });
  }
}

export function atPlace({ line, column }: Place): string {
  return `at line '${line}' and column '${column}'`;
}

/** The pages that Resource Manager's messages send their readers to. */
export const HELP = {
  expressions: 'Please see https://aka.ms/arm-template-expressions for usage details.',
  template: 'Please see https://aka.ms/arm-template for usage details.',
  resources: 'Please see https://aka.ms/arm-template/#resources for usage details.',
  parameters: 'Please see https://aka.ms/arm-deploy/#parameter-file for usage details.',
  copy: 'Please see https://aka.ms/arm-copy for usage details.',
} as const;
