import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathIn } from '../../agent/place/imageRoot.ts';
import { messageOf } from '../../base/errors.ts';
import { BadImages, imageRoots, type ImageRoot } from '../../nodes/local/images.ts';
import { CommandError, EXIT } from '../errors.ts';
import { type DataDirectory, IMAGES_FILE } from './data/dataDirectory.ts';
import type { NodeOptions } from './nodeOptions.ts';

/** The images that are unpacked on this machine. @throws CommandError as the next one. */
export async function imagesFor({ root }: Pick<DataDirectory, 'root'>, { imagesFile }: NodeOptions): Promise<readonly ImageRoot[]> {
  const path = imagesFile ?? join(root, IMAGES_FILE);
  return imagesFile === undefined && !existsSync(path) ? [] : readImagesFile(path);
}

/** What the file says. @throws CommandError that names the file, the line and the property of a fault. */
export async function readImagesFile(path: string): Promise<readonly ImageRoot[]> {
  try {
    // Few have such a file, and a start is to be quick.
    const { readItems } = await import('./imageItems.ts');
    const images = imageRoots(readItems(readFileSync(path, 'utf8')));
    for (const { of, root, line } of images) {
      if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) throw new BadImages(line, 'root', `${root} is no directory.`);
      if (of === 'nodes' && !existsSync(pathIn(root, '/bin/sh'))) throw new BadImages(line, 'root', `${root} has no /bin/sh: it is no unpacked image.`);
    }
    return images;
  } catch (error) {
    throw new CommandError(EXIT.usage, `the images in ${path} cannot be used: ${messageOf(error)}`);
  }
}
