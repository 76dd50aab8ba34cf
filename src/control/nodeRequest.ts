import type { NodeImage, NodeRequest } from '../nodes/provider.ts';
import type { ImageReference, PoolAdd } from '../wire/types.generated.ts';

/** What a pool's specification says of the machines that it is to have. */
export function machineOf({ id: poolId, vmSize, virtualMachineConfiguration, enableInterNodeCommunication = false }: PoolAdd): Pick<NodeRequest, 'poolId' | 'vmSize' | 'image' | 'interNode' | 'containers'> {
  const reference = virtualMachineConfiguration?.imageReference;
  return { poolId, vmSize, interNode: enableInterNodeCommunication, image: reference === undefined ? null : imageOf(reference), containers: virtualMachineConfiguration?.containerConfiguration !== undefined };
}

function imageOf({ publisher, offer, sku, version, ...ids }: ImageReference): NodeImage | null {
  const id = ids.virtualMachineImageId ?? ids.sharedGalleryImageId ?? ids.communityGalleryImageId;
  if (id !== undefined) return { kind: 'own', id };
  if (publisher === undefined || offer === undefined || sku === undefined) return null;
  return { kind: 'marketplace', publisher, offer, sku, version: version ?? 'latest' };
}
