import type { Image } from '../account/batchAccount.ts';
import { RunError } from '../failure.ts';

/** Images that are Ubuntu but not for general use. */
const SPECIAL = /hpc|dsvm|container|minimal|pro\b|arm64|daily|gen2|fips|cvm/i;

/** What the service says of images whose nodes can run containers (API reference, ImageInformation.capabilities). */
const CONTAINERS = 'dockercompatible';

/**
 * The image of a new pool: the one asked for as `publisher:offer:sku[:version]`, else the newest plain Ubuntu that the
 * service calls verified, or the newest one that runs containers. What is chosen from is the service's own list, so the
 * node agent always fits.
 * @throws RunError usage
 */
export function chooseImage(images: readonly Image[], asked: string | undefined, containers = false): Image {
  if (asked !== undefined) return namedImage(images, asked);
  return containers ? newestWithContainers(images) : newestUbuntu(images);
}

function newestWithContainers(images: readonly Image[]): Image {
  const able = images.filter((image) => image.osType.toLowerCase() === 'linux' && (image.capabilities ?? []).some((capability) => capability.toLowerCase() === CONTAINERS));
  const [newest] = byRelease(able);
  if (newest === undefined) throw new RunError('usage', '--container: the service has no Linux image that runs containers; name one with --image');
  return newest;
}

/** Of equal releases the verified ones come first. */
function byRelease(images: readonly Image[]): Image[] {
  const releaseOf = ({ nodeAgentSKUId }: Image): number => Number(/ubuntu (\d\d\.\d\d)/.exec(nodeAgentSKUId)?.[1] ?? 0);
  const verified = ({ verificationType }: Image): number => Number(verificationType.toLowerCase() === 'verified');
  return images.toSorted((a, b) => releaseOf(b) - releaseOf(a) || verified(b) - verified(a));
}

function namedImage(images: readonly Image[], asked: string): Image {
  const [publisher, offer, sku, version] = asked.toLowerCase().split(':');
  const found = images.find(({ imageReference: it }) => it.publisher?.toLowerCase() === publisher && it.offer?.toLowerCase() === offer && it.sku?.toLowerCase() === sku);
  if (found !== undefined) return version === undefined ? found : { ...found, imageReference: { ...found.imageReference, version } };
  const near = images.filter(({ imageReference: it }) => it.publisher?.toLowerCase() === publisher || it.offer?.toLowerCase() === offer);
  const told = (near.length > 0 ? near : images).slice(0, 8).map(nameOf).join(', ');
  throw new RunError('usage', `--image ${asked} is none of the service's (publisher:offer:sku); it has ${told}`);
}

function newestUbuntu(images: readonly Image[]): Image {
  const ubuntus = images
    .filter((image) => image.osType.toLowerCase() === 'linux' && image.verificationType.toLowerCase() === 'verified')
    .filter(({ imageReference: it }) => it.publisher?.toLowerCase() === 'canonical' && !SPECIAL.test(`${it.offer}:${it.sku}`));
  const [newest] = byRelease(ubuntus);
  if (newest === undefined) throw new RunError('usage', `the service has no verified Ubuntu image; choose one with --image: ${images.slice(0, 8).map(nameOf).join(', ')}`);
  return newest;
}

function nameOf({ imageReference: it }: Image): string {
  return `${it.publisher}:${it.offer}:${it.sku}`;
}
