import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '../../answer.ts';
import type { Json, JsonObject } from '../../../templates/json.ts';
import { type Failure, ResourceFailure } from '../../../templates/run.ts';
import type { InnerRequest, ManagementParts } from '../call.ts';
import { toldError } from '../errorForm.ts';
import { isForClient } from './planning.ts';
import type { StoredRequest } from './rows.ts';

/** How often it is looked whether an operation has ended. */
const LOOK_MS = 200;
/** How long one resource may take. */
const MOST_MS = 2 * 60 * 60_000;
const UNDER_WAY = /^(?:accepted|running|creating|updating|deleting)$/i;

/** What of the plane a deployment asks, as the one who asked for the deployment. */
type Asking = Pick<ManagementParts, 'within'> & { readonly request: Pick<StoredRequest, 'identity' | 'baseUrl'> };

/** Puts a resource and waits until it works. @throws ResourceFailure */
export async function putResource(asking: Asking, id: string, apiVersion: string, body: JsonObject): Promise<void> {
  const answer = await ask(asking, { method: 'PUT', path: id, apiVersion, body });
  await settled(asking, answer, { id, apiVersion });
}

/** @throws ResourceFailure */
export async function deleteResource(asking: Asking, id: string, apiVersion: string): Promise<void> {
  await polled(asking, await ask(asking, { method: 'DELETE', path: id, apiVersion }));
}

/** @throws ResourceFailure */
export async function readResource(asking: Asking, id: string, apiVersion: string): Promise<JsonObject> {
  return jsonOf(await ask(asking, { method: 'GET', path: id, apiVersion }));
}

/** @throws ResourceFailure */
export async function readKeys(asking: Asking, id: string, apiVersion: string): Promise<Json> {
  return jsonOf(await ask(asking, { method: 'POST', path: `${id}/listKeys`, apiVersion }));
}

async function ask({ within, request }: Asking, asked: Pick<InnerRequest, 'method' | 'path' | 'apiVersion' | 'body'>): Promise<Answer> {
  try {
    return await within.ask({ ...request, ...asked });
  } catch (error) {
    if (!isForClient(error)) throw error;
    throw new ResourceFailure(error.status, toldError(error));
  }
}

/** Polls as clients do: where a 202 says, the status of an operation, or the resource itself. */
async function settled(asking: Asking, answer: Answer, { id, apiVersion }: { readonly id: string; readonly apiVersion: string }): Promise<void> {
  const operation = answer.headers['azure-asyncoperation'];
  if (operation !== undefined) {
    const { status, error } = await until(() => readUrl(asking, operation), ({ status }) => !UNDER_WAY.test(String(status)));
    if (!/^succeeded$/i.test(String(status))) throw new ResourceFailure(409, failureIn(error, id));
    return;
  }
  await polled(asking, answer);
  const { properties } = await until(() => readResource(asking, id, apiVersion), ({ properties }) => !UNDER_WAY.test(stateIn(properties)));
  if (/^failed$/i.test(stateIn(properties))) throw new ResourceFailure(409, failureIn(undefined, id));
}

async function polled(asking: Asking, answer: Answer): Promise<void> {
  await until(
    async () => {
      if (answer.status !== 202) return answer;
      const { location } = answer.headers;
      if (location === undefined) throw new Error('a 202 says nowhere to poll');
      answer = await askUrl(asking, location);
      return answer;
    },
    ({ status }) => status !== 202,
  );
}

async function until<T>(look: () => Promise<T>, isDone: (seen: T) => boolean): Promise<T> {
  for (let waitedMs = 0; waitedMs < MOST_MS; waitedMs += LOOK_MS) {
    const seen = await look();
    if (isDone(seen)) return seen;
    await pause(LOOK_MS, undefined, { ref: false });
  }
  throw new ResourceFailure(408, { code: 'ResourceDeploymentTimeout', message: `The resource was not made within ${MOST_MS / 60_000} minutes.` });
}

async function readUrl(asking: Asking, url: string): Promise<JsonObject> {
  return jsonOf(await askUrl(asking, url));
}

function askUrl(asking: Asking, url: string): Promise<Answer> {
  const { pathname, searchParams } = new URL(url);
  return ask(asking, { method: 'GET', path: decodeURIComponent(pathname), apiVersion: searchParams.get('api-version') ?? '' });
}

function jsonOf({ body }: Answer): JsonObject {
  if (typeof body !== 'string') throw new Error('a resource is answered without a body of text');
  return JSON.parse(body) as JsonObject;
}

function stateIn(properties: Json | undefined): string {
  const { provisioningState = '' } = Object(properties) as { readonly provisioningState?: unknown };
  return String(provisioningState);
}

function failureIn(error: Json | undefined, id: string): Failure {
  const { code = 'ResourceDeploymentFailure', message = `The resource operation for '${id}' completed with terminal provisioning state 'Failed'.`, details } = Object(error) as Partial<Failure>;
  return { code, message, ...(details !== undefined && { details }) };
}
