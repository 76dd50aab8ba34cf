import { BatchError } from '../../../wire/errors.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { TemplateError } from '../../../templates/errors.ts';
import type { JsonObject } from '../../../templates/json.ts';
import { guid } from '../../../templates/names.ts';
import { type Plan, plan } from '../../../templates/plan.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Directory, ManagementParts } from '../call.ts';
import type { DeploymentBody } from './request.ts';

/** What a deployment is planned for: the same each time, so that it can go on after a restart. */
export interface PlannedFor {
  readonly name: string;
  /** Null: a deployment to the subscription. */
  readonly group: ResourceRow | null;
  readonly correlationId: string;
  readonly beganAt: number;
  readonly baseUrl: string;
  readonly directory: Directory;
}

/** @throws ManagementError InvalidTemplate, InvalidRequestContent (400). */
export function planFor(body: DeploymentBody, { name, group, correlationId, beganAt, baseUrl, directory }: PlannedFor): Plan {
  const { mode, template, parameters, places } = body;
  if (group === null && mode === 'Complete') throw new ManagementError('InvalidRequestContent', "The deployment mode 'Complete' is not supported for a deployment to a subscription.");
  let guids = 0;
  return refusing(() =>
    plan({
      name,
      mode,
      template,
      parameters,
      places,
      path: 'properties.template',
      ambient: {
        tenant: { tenantId: directory.tenantId, displayName: 'Linarite' },
        subscription: { id: `/subscriptions/${directory.subscriptionId}`, subscriptionId: directory.subscriptionId, tenantId: directory.tenantId, displayName: 'Linarite' },
        resourceGroup: group === null ? null : groupIn(group),
        environment: { name: 'Linarite', resourceManager: `${baseUrl}/` },
        now: formatTimestamp(beganAt),
        newGuid: () => guid([correlationId, String(++guids)]),
      },
    }),
  );
}

/** Tells what a template is refused with as the plane does. @throws ManagementError */
export function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { line, column, path } = error.place;
    throw new ManagementError(error.code, error.message, { additionalInfo: [{ type: 'TemplateViolation', info: { lineNumber: line, linePosition: column, path } }] });
  }
}

function groupIn({ id, spec, state }: ResourceRow): JsonObject & { readonly name: string } {
  const { location, tags } = JSON.parse(spec) as { readonly location: string; readonly tags?: JsonObject };
  return { id, name: id.slice(id.lastIndexOf('/') + 1), type: 'Microsoft.Resources/resourceGroups', location, tags: tags ?? {}, properties: { provisioningState: state } };
}

/** Refuses what is not served or permitted. @throws ManagementError InvalidTemplateDeployment (400). */
export async function preflight({ resources }: Plan, identity: Identity, name: string, { within }: Pick<ManagementParts, 'within'>): Promise<void> {
  const details = await Promise.all(
    resources.map(async ({ id }) => {
      try {
        await within.check({ identity, method: 'PUT', path: id });
        return [];
      } catch (error) {
        if (!(error instanceof ManagementError)) throw error;
        return [{ code: error.code, target: id, message: error.message }];
      }
    }),
  );
  const refused = details.flat();
  if (refused.length === 0) return;
  throw new ManagementError('InvalidTemplateDeployment', `The template deployment '${name}' is not valid according to the validation procedure. See inner errors for details.`, { details: refused });
}

/** An error that is for the client, of what a deployment asked of the plane. */
export function isForClient(error: unknown): error is ManagementError | BatchError {
  return error instanceof ManagementError || error instanceof BatchError;
}
