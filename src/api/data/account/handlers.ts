import { groupBy } from '../../../base/groups.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { supportedImages } from '../../../wire/images.ts';
import { matches } from '../../../wire/odata.ts';
import type { OperationId } from '../../../wire/operations.ts';
import type { NodeAgentSku } from '../../../wire/types.generated.ts';
import type { Call, Handler } from '../../call.ts';
import { jobStatistics, poolStatistics } from './lifetime.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

/** A page of a list that is a constant: the place in it is the key. */
function constantPage<Item extends object>(call: Call, kind: string, all: readonly Item[], write: (item: Item) => object) {
  const { maxResults, filter } = call.query;
  const start = pageStart(call, kind, 0);
  const wanted = filter === undefined ? all : all.filter((item) => matches(filter, item));
  const shown = wanted.slice(start, start + maxResults);
  const token = wanted.length > start + shown.length ? skipToken(kind, start + shown.length) : null;
  return listAnswer(call, kind, shown.map(write), token);
}

const listSupportedImages: Handler = (call) =>
  Promise.resolve(constantPage(call, 'supportedimages', supportedImages, (image) => dataContract.writeBody('SupportedImage', call.version, image)));

/** What `/supportedimages` was before 2019-06-01.9.0: the same images, by node agent. */
const nodeAgentSkus: readonly NodeAgentSku[] = [...groupBy(supportedImages, ({ nodeAgentSKUId }) => nodeAgentSKUId)].map(([id, images]) => ({
  id,
  verifiedImageReferences: images.filter(({ verificationType }) => verificationType === 'verified').map(({ imageReference }) => imageReference),
  osType: images[0]?.osType,
}));

const listNodeAgentSkus: Handler = (call) =>
  Promise.resolve(constantPage(call, 'nodeagentskus', nodeAgentSkus, (sku) => dataContract.writeBody('NodeAgentSku', call.version, sku)));

/** Operations on the account, by operation id. */
export const accountHandlers = {
  Account_ListSupportedImages: listSupportedImages,
  Account_ListNodeAgentSkus: listNodeAgentSkus,
  Job_GetAllLifetimeStatistics: jobStatistics,
  Pool_GetAllLifetimeStatistics: poolStatistics,
} as const satisfies Partial<Record<OperationId, Handler>>;
