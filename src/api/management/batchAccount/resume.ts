import { randomUUID } from 'node:crypto';
import { insertResource, listResources } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { formatResourceId, groupId } from '../../../wire/management/resourceId.ts';
import type { Account } from '../../accounts.ts';
import type { ManagementParts } from '../call.ts';
import { GROUP_TYPE } from '../group/handlers.ts';
import { finishCreation } from './creation.ts';
import { finishDeletion } from './deletion.ts';
import { ACCOUNT_TYPE } from './view.ts';

const PAGE = 1_000;

/**
 * What a service does with accounts when it starts: the first one has a resource as others do, and what was begun in an
 * earlier life is finished.
 */
export async function resumeAccounts(parts: ManagementParts, first: Account, now: number): Promise<void> {
  const { data, directory, later } = parts;
  const { subscriptionId, resourceGroup, location } = directory;
  await transaction(data.database, async (tx) => {
    await insertResource(tx, { id: groupId(subscriptionId, resourceGroup), type: GROUP_TYPE, spec: { location } }, now);
    await insertResource(tx, { id: formatResourceId({ subscriptionId, resourceGroup, type: ACCOUNT_TYPE, names: [first.name] }), type: ACCOUNT_TYPE, spec: { location }, account: first.number }, now);
  });
  for (let after = ''; ; ) {
    const rows = await listResources(data.database, { type: ACCOUNT_TYPE, prefix: '/', after, limit: PAGE });
    for (const row of rows) {
      if (row.state === 'Creating') later.begin('the creation of an account', () => finishCreation(row, parts, now));
      if (row.state === 'Deleting') later.begin('the deletion of an account', () => finishDeletion(row, parts, { now, requestId: randomUUID(), baseUrl: 'http://localhost' }));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}
