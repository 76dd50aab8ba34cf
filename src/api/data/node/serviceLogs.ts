import type { BlobAccount } from '../../../blobs/account.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import { parseTimestamp } from '../../../wire/timestamps.ts';
import type { UploadBatchServiceLogs } from '../../../wire/types.generated.ts';
import { entity } from '../../answer.ts';
import type { Handler } from '../../call.ts';
import { existingNode } from './existing.ts';
import { unreachableNode } from './unreachable.ts';

/**
 * The node writes what its agent logged in that time into the client's container, and the answer comes when it lies
 * there: the real service answers before, and tells of a failure nowhere.
 */
export const uploadServiceLogs: Handler = async (call, parts) => {
  const asked = dataContract.readBody('UploadBatchServiceLogs', call.version, await call.json());
  const { pool, row } = await existingNode(call, parts);
  const { name, number } = call.principal.account;
  // Recorded: the last part is the id of the answer.
  const directory = [`${name}-${number.toString(16).toUpperCase().padStart(16, '0')}`, pool.id, row.id, call.requestId].join('/');
  const range = { from: instant(asked.startTime), to: asked.endTime === undefined ? null : instant(asked.endTime) };
  const answer = await parts.files.ask(number, row.n_node, { kind: 'uploadLogs', containerUrl: reached(asked, parts.storageOf(number)), directory, ...range }, call.signal);
  if (answer.kind === 'error') throw refused(answer, asked, unreachableNode(nodeStatus(row).state));
  if (answer.kind !== 'uploaded') throw new Error(`a node answered an upload of its logs with ${answer.kind}`);
  const result = { virtualDirectoryName: directory, numberOfFilesUploaded: answer.files };
  return entity(dataContract.writeBody('UploadBatchServiceLogsResult', call.version, result, `${call.baseUrl}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.UploadBatchServiceLogsResult`), null);
};

function instant(text: string): number {
  const at = parseTimestamp(text);
  if (at === undefined) throw new Error(`a time that is none passed validation: ${text}`);
  return at;
}

/** The service signs for an identity where the storage is its own; elsewhere only the identity itself could. */
function reached({ containerUrl, identityReference }: UploadBatchServiceLogs, storage: BlobAccount): string {
  if (identityReference === undefined) return containerUrl;
  const signed = storage.writable(containerUrl);
  if (signed !== null) return signed;
  throw invalidProperty('identityReference', identityReference.resourceId, 'The nodes have no managed identity, and the service signs for its own storage account only: use a containerUrl with a SAS token.');
}

function refused({ code, message }: { readonly code: string; readonly message: string }, { containerUrl }: UploadBatchServiceLogs, unreachable: ReturnType<typeof unreachableNode>): BatchError {
  if (code === 'NotUploaded') return invalidProperty('containerUrl', containerUrl.replace(/\?.*$/s, ''), message);
  return new BatchError(code === 'NodeNotReady' ? unreachable : 'IOError', [{ key: 'Reason', value: message }]);
}
