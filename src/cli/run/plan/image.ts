import type { Image } from '../account/batchAccount.ts';
import { RunError } from '../failure.ts';

/** Images that are Ubuntu but not for general use. */
const SPECIAL = /hpc|dsvm|container|minimal|pro\b|arm64|daily|gen2|fips|cvm/i;

/**
 * The image of a new pool: the one asked for as `publisher:offer:sku[:version]`, else the newest plain Ubuntu that the
 * service calls verified. What is chosen from is the service's own list, so the node agent always fits.
 * @throws RunError usage
 */
export function chooseImage(images: readonly Image[], asked: string | undefined): Image {
  return asked === undefined ? newestUbuntu(images) : namedImage(images, asked);
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
    .filter(({ imageReference: it }) => it.publisher?.toLowerCase() === 'canonical' && !SPECIAL.test(`${it.offer}:${it.sku}`))
    .map((image) => ({ image, release: Number(/ubuntu (\d\d\.\d\d)/.exec(image.nodeAgentSKUId)?.[1] ?? 0) }))
    .sort((a, b) => b.release - a.release);
  const [newest] = ubuntus;
  if (newest === undefined) throw new RunError('usage', `the service has no verified Ubuntu image; choose one with --image: ${images.slice(0, 8).map(nameOf).join(', ')}`);
  return newest.image;
}

function nameOf({ imageReference: it }: Image): string {
  return `${it.publisher}:${it.offer}:${it.sku}`;
}
