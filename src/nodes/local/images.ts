import { readFileSync } from 'node:fs';
import type { Engine, UnpackedImage } from '../../agent/containers/engine.ts';
import { wholeName } from '../../agent/containers/imageName.ts';
import { lowerAscii } from '../../wire/letters.ts';
import type { NodeImage } from '../provider.ts';

/** Where an image is unpacked on this machine. */
export interface ImageRoot {
  /** Whose root it is. */
  readonly of: 'nodes' | 'containers';
  /** Of nodes as `keyOf` names it, of containers its whole name. */
  readonly key: string;
  /** Absolute. */
  readonly root: string;
  /** In the file. */
  readonly line: number;
}

/** What is wrong with the file: its message begins with line and property. */
export class BadImages extends Error {
  constructor(line: number, property: string, reason: string) {
    super(`line ${line}, ${property}: ${reason}`);
  }
}

const PROPERTIES = ['image', 'container', 'root'] as const;
type Property = (typeof PROPERTIES)[number];
type Read = Partial<Record<Property, { readonly value: string; readonly line: number }>>;

/** An item of the file's list, with the place of each of its properties. */
export interface ReadItem {
  readonly line: number;
  readonly properties: readonly { readonly name: string; readonly value: unknown; readonly line: number }[];
}

/**
 * The images of a list whose items have a `root` and an `image` (`publisher:offer:sku[:version]`, the same with
 * slashes, or the resource id of an own image) or a `container` (the name of an image of containers). Throws BadImages.
 */
export function imageRoots(items: readonly ReadItem[]): readonly ImageRoot[] {
  return checked(items.map(({ line, properties }) => ({ line, read: readOf(properties) })));
}

function readOf(properties: ReadItem['properties']): Read {
  const read: Read = {};
  for (const { name, value, line } of properties) {
    if (!isProperty(name)) throw new BadImages(line, name, `there is no such property; an image has image or container, and root.`);
    if (value === null) throw new BadImages(line, name, 'it has no value.');
    if (typeof value !== 'string') throw new BadImages(line, name, 'it is no text.');
    read[name] = { value, line };
  }
  return read;
}

function isProperty(name: string): name is Property {
  return PROPERTIES.some((one) => one === name);
}

function checked(items: readonly { readonly line: number; readonly read: Read }[]): readonly ImageRoot[] {
  const seen = new Map<string, number>();
  return items.map(({ line, read: { image, container, root } }) => {
    const named = image ?? container;
    if (named === undefined) throw new BadImages(line, 'image', 'it is missing.');
    if (image !== undefined && container !== undefined) throw new BadImages(container.line, 'container', 'there is an image already: each has an item of its own.');
    if (root === undefined) throw new BadImages(line, 'root', 'it is missing.');
    const of = image === undefined ? 'containers' : 'nodes';
    const key = of === 'nodes' ? namedKey(named.value) : containerKey(named.value);
    const property = of === 'nodes' ? 'image' : 'container';
    if (key === null) throw new BadImages(named.line, property, `${named.value} is ${MEANT[of]}.`);
    const before = seen.get(key);
    if (before !== undefined) throw new BadImages(named.line, property, `it is mapped in line ${before} already.`);
    if (!root.value.startsWith('/')) throw new BadImages(root.line, 'root', `${root.value} is no absolute path.`);
    seen.set(key, named.line);
    return { of, key, root: root.value.replace(/(?<=.)\/+$/, ''), line: root.line };
  });
}

const MEANT = {
  nodes: 'neither publisher:offer:sku[:version] nor the resource id of an image',
  containers: 'no name of an image of containers, as registry/path:tag',
} as const satisfies Readonly<Record<ImageRoot['of'], string>>;

/** The letters of names, tags and digests (distribution reference, "Grammar"). */
const CONTAINER_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]*$/;

function containerKey(name: string): string | null {
  return CONTAINER_NAME.test(name) ? wholeName(name) : null;
}

function namedKey(image: string): string | null {
  if (image.startsWith('/')) return keyOf({ kind: 'own', id: image });
  const parts = image.split(image.includes(':') ? ':' : '/');
  const [publisher, offer, sku, version = ANY_VERSION] = parts;
  if (parts.length > 4 || parts.some((part) => part.trim() === '') || publisher === undefined || offer === undefined || sku === undefined) return null;
  return keyOf({ kind: 'marketplace', publisher, offer, sku, version });
}

/** What pools ask for that name none. */
const ANY_VERSION = 'latest';

/** Images are told apart without case, as Azure does. */
function keyOf(image: NodeImage): string {
  return lowerAscii(image.kind === 'own' ? image.id : [image.publisher, image.offer, image.sku, image.version].join(':'));
}

/** The root of an image: of its very version, else of `latest`. null: it is mapped to none. */
export function rootOf(images: readonly ImageRoot[], image: NodeImage | null): string | null {
  if (image === null) return null;
  const keys = [keyOf(image), ...(image.kind === 'marketplace' ? [keyOf({ ...image, version: ANY_VERSION })] : [])];
  for (const key of keys) {
    const found = images.find((one) => one.of === 'nodes' && one.key === key);
    if (found !== undefined) return found.root;
  }
  return null;
}

/** Those of containers, as an engine takes them. */
export function containerRoots(images: readonly ImageRoot[]): readonly UnpackedImage[] {
  return images.filter(({ of }) => of === 'containers').map(({ key, root }) => ({ name: key, root }));
}

/** Why those of containers are not used by the engine that works here; null: they are, or there are none. */
export function containersLimit(images: readonly ImageRoot[], engine: Engine | null): string | null {
  const { length } = containerRoots(images);
  if (length === 0 || engine === null || engine.kind === 'runtime') return null;
  return `The images of containers in images.yaml are not used: ${engine.kind} runs containers here, and has to be given them (${engine.kind} import); an OCI runtime alone takes them as they are.`;
}

/** What nodes run, whatever image their pool names, a sentence. */
export function systemLimit(images: readonly ImageRoot[]): string {
  const count = images.filter(({ of }) => of === 'nodes').length;
  const but = count === 0 ? '' : `, but for the ${count} that images.yaml maps`;
  return `Nodes run the system of this machine${machineSystem()}, whatever image their pool names${but}.`;
}

/** As os-release(5) names it. */
function machineSystem(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name === undefined ? '' : `, ${name}`;
  } catch {
    return '';
  }
}
