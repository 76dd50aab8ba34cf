import { atPlace, TemplateError } from './errors.ts';
import type { Question } from './expression/scope.ts';
import type { Json, JsonObject } from './json.ts';
import type { Answers, Plan } from './plan.ts';
import type { TemplateResource } from './resources.ts';

/** What of a deployment failed, as its answer tells it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly Failure[];
}

/** Thrown by what a deployment is done with; anything else that is thrown ends it as an error of our own. */
export class ResourceFailure extends Error {
  readonly failure: Failure;
  /** Of HTTP. */
  readonly status: number;
  constructor(status: number, failure: Failure) {
    super(failure.message);
    this.status = status;
    this.failure = failure;
  }
}

/** What a deployment is done with. All but `began` and `ended` may throw a ResourceFailure. */
export interface Doing {
  put(resource: TemplateResource, body: JsonObject): Promise<void>;
  get(id: string, apiVersion: string): Promise<Json>;
  listKeys(id: string, apiVersion: string): Promise<Json>;
  began(resource: TemplateResource): Promise<void>;
  /** `failure` null: it is made. */
  ended(resource: TemplateResource, failure: ResourceFailure | null): Promise<void>;
}

export type Ended =
  | { readonly state: 'Succeeded'; readonly outputs: JsonObject }
  | { readonly state: 'Failed'; readonly failure: Failure }
  | { readonly state: 'Canceled' };

/** Resources that are made at the same time. */
const AT_ONCE = 8;

/**
 * Makes the resources of a plan, each when those that it waits for are there. Where one fails, those that wait for it
 * are not begun, and the others are made all the same.
 */
export async function run(plan: Plan, doing: Doing, signal: AbortSignal): Promise<Ended> {
  const waiting = new Set(plan.resources);
  const running = new Map<TemplateResource, Promise<TemplateResource>>();
  const made = new Set<TemplateResource>();
  const failures: Failure[] = [];
  const answers = new AskedOnce(doing);
  for (;;) {
    for (const resource of waiting) {
      if (running.size >= AT_ONCE || signal.aborted) break;
      if (![...(plan.waits.get(resource) ?? [])].every((other) => made.has(other))) continue;
      waiting.delete(resource);
      running.set(resource, make(resource).then(() => resource));
    }
    if (running.size === 0) break;
    running.delete(await Promise.race(running.values()));
  }
  if (failures.length > 0) return { state: 'Failed', failure: failed(failures) };
  if (signal.aborted) return { state: 'Canceled' };
  return outputsOf(plan, doing);

  async function make(resource: TemplateResource): Promise<void> {
    await doing.began(resource);
    try {
      const body = await answers.until((known) => atRun(resource, () => plan.body(resource, known)));
      await doing.put(resource, body);
    } catch (error) {
      if (!(error instanceof ResourceFailure)) throw error;
      failures.push({ ...error.failure, target: resource.id });
      await doing.ended(resource, error);
      return;
    }
    made.add(resource);
    await doing.ended(resource, null);
  }
}

/** With the values that resources have in the end, not those that were seen on the way. */
async function outputsOf(plan: Plan, doing: Doing): Promise<Ended> {
  try {
    return { state: 'Succeeded', outputs: await new AskedOnce(doing).until((known) => plan.outputs(known)) };
  } catch (error) {
    if (error instanceof TemplateError) return { state: 'Failed', failure: outputFailure(error.fault === null ? error.message : `${error.fault.what} is not valid: ${error.fault.reason}.`) };
    if (error instanceof ResourceFailure) return { state: 'Failed', failure: outputFailure(error.message) };
    throw error;
  }
}

/** What has been asked of resources, each question once. */
class AskedOnce {
  readonly #doing: Doing;
  readonly #known = new Map<string, Json>();

  constructor(doing: Doing) {
    this.#doing = doing;
  }

  /** Asks what comes up first, and evaluates again, until nothing comes up. */
  async until<Value extends Json>(evaluate: (known: Answers) => { readonly value: Value; readonly questions: readonly Question[] }): Promise<Value> {
    for (;;) {
      const { value, questions } = evaluate((question) => this.#known.get(keyOf(question)));
      const [first] = questions;
      if (first === undefined) return value;
      const ask = first.kind === 'reference' ? this.#doing.get : this.#doing.listKeys;
      this.#known.set(keyOf(first), await ask.call(this.#doing, first.id, first.apiVersion));
    }
  }
}

function keyOf({ kind, id, apiVersion }: Question): string {
  return `${kind} ${apiVersion} ${id.toLowerCase()}`;
}

/** What is wrong with expressions is told in another form once the deployment runs. @throws ResourceFailure */
function atRun<T>({ id, place }: TemplateResource, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const message = `Unable to process template language expressions for resource '${id}' ${atPlace(place)}. '${error.fault?.reason ?? error.message}'`;
    throw new ResourceFailure(400, { code: error.code, message });
  }
}

/** The error of a deployment of which something failed. */
function failed(details: readonly Failure[]): Failure {
  return {
    code: 'DeploymentFailed',
    message: 'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
    details,
  };
}

function outputFailure(message: string): Failure {
  const code = 'DeploymentOutputEvaluationFailed';
  return { code, message: 'Unable to evaluate template outputs. Please see error details and deployment operations. Please see https://aka.ms/arm-common-errors for usage details.', details: [{ code, message }] };
}
