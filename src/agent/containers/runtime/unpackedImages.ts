import type { UnpackedImage } from '../engine.ts';
import { openStore } from './store.ts';

/** Makes these, and no others of an earlier life, images of the store. Only while nothing else uses it. */
export function layUnpacked(directory: string, images: readonly UnpackedImage[]): void {
  const store = openStore(directory);
  for (const { name, isForeign } of store.list()) if (isForeign) store.remove(name);
  for (const { name, root } of images) store.lay(name, root);
}
