import { listResources } from '../../../store/intents/resources.ts';
import type { ManagementParts } from '../call.ts';
import { finishDeployment } from './finishing.ts';
import { DEPLOYMENT_TYPE } from './rows.ts';

const PAGE = 1_000;

/** Goes on with deployments that an earlier life of the service had begun. */
export async function resumeDeployments(parts: ManagementParts): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await listResources(parts.data.database, { type: DEPLOYMENT_TYPE, prefix: '/', after, limit: PAGE });
    for (const { id, state } of rows) if (state === 'Creating') parts.later.resume('a deployment', id, () => finishDeployment(id, parts));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}
