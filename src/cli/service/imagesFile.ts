import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathIn } from '../../agent/place/imageRoot.ts';
import { messageOf } from '../../base/errors.ts';
import { BadImages, type ImageRoot, readImages } from '../../nodes/local/images.ts';
import { CommandError, EXIT } from '../errors.ts';
import { type DataDirectory, IMAGES_FILE } from './data/dataDirectory.ts';
import type { NodeOptions } from './nodeOptions.ts';

/** The images that are unpacked on this machine. @throws CommandError as the next one. */
export function imagesFor({ root }: Pick<DataDirectory, 'root'>, { imagesFile }: NodeOptions): readonly ImageRoot[] {
  const path = imagesFile ?? join(root, IMAGES_FILE);
  return imagesFile === undefined && !existsSync(path) ? [] : readImagesFile(path);
}

/** What the file says. @throws CommandError that names the file, the line and the property of a fault. */
export function readImagesFile(path: string): readonly ImageRoot[] {
  try {
    const images = readImages(readFileSync(path, 'utf8'));
    for (const { root, line } of images) {
      if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) throw new BadImages(line, 'root', `${root} is no directory.`);
      if (!existsSync(pathIn(root, '/bin/sh'))) throw new BadImages(line, 'root', `${root} has no /bin/sh: it is no unpacked image.`);
    }
    return images;
  } catch (error) {
    throw new CommandError(EXIT.usage, `the images in ${path} cannot be used: ${messageOf(error)}`);
  }
}
