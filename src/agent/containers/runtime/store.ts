import { createHash, randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociArchitecture } from './architecture.ts';
import type { Repository } from './registry.ts';
import { unpackLayer } from './unpack.ts';

/** What an image says of the containers that are made of it (OCI image specification, "Image Configuration"). */
export interface ImageConfig {
  readonly Entrypoint: readonly string[] | null;
  readonly Cmd: readonly string[] | null;
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly User: string;
}

/** An image of a node: what its layers make together, in a directory that nothing writes to any more. */
export interface StoredImage {
  /** Hexadecimal, of its manifest. */
  readonly id: string;
  /** Below the store. */
  readonly root: string;
  readonly config: ImageConfig;
}

/**
 * The images of one node below a directory: `images/<id>`, each whole or not there, and `names/`, a file a name.
 * Several processes may use it at a time. What one that was killed has left begins with `trash-` (`sweepStore.ts`).
 */
export interface ImageStore {
  find(name: string): StoredImage | null;
  /** What the registry has there gets the name. Throws RegistryError, BadLayer, and the system's error. */
  pull(name: string, repository: Repository, reference: string): Promise<StoredImage>;
  /** An image of one layer, an archive of this machine. */
  take(name: string, archive: string, sizeBytes: number): Promise<StoredImage>;
  /** Gives the name to a directory that is no part of the store and stays as it is. */
  lay(name: string, directory: string): void;
  /** Names of an image with what it is. `isForeign`: it is such a directory. */
  list(): readonly { readonly name: string; readonly id: string; readonly isForeign: boolean }[];
  /** The name, and the image where it was its last. False: there is none of that name. */
  remove(name: string): boolean;
}

const OWNER_ONLY = 0o700;

export function openStore(directory: string): ImageStore {
  const [images, names] = [join(directory, 'images'), join(directory, 'names')];
  for (const path of [images, names]) mkdirSync(path, { recursive: true, mode: OWNER_ONLY });
  const owners = process.geteuid?.() === 0 ? 'kept' : null;
  const fileOf = (name: string): string => join(names, createHash('sha256').update(name).digest('hex'));
  const rootOf = (id: string): string => join('images', id, 'root');

  const stored = (id: string): StoredImage | null => {
    try {
      return { id, root: rootOf(id), config: JSON.parse(readFileSync(join(images, id, 'config.json'), 'utf8')) as ImageConfig };
    } catch {
      return null;
    }
  };

  const give = (name: string, id: string): StoredImage => {
    const written = join(directory, `trash-${randomUUID()}`);
    writeFileSync(written, JSON.stringify({ name, id }), { mode: 0o600 });
    renameSync(written, fileOf(name));
    const image = stored(id);
    if (image === null) throw new Error(`image ${name} has gone while it got its name`);
    return image;
  };

  /** `fill`: lays the layers into the root, and says what the image says. */
  const make = async (id: string, fill: (root: string, scratch: string) => Promise<ImageConfig>): Promise<void> => {
    if (stored(id) !== null) return;
    const made = mkdtempSync(join(directory, 'trash-'));
    try {
      const root = join(made, 'image', 'root');
      mkdirSync(root, { recursive: true, mode: 0o755 });
      const config = await fill(root, made);
      writeFileSync(join(made, 'image', 'config.json'), JSON.stringify(config));
      try {
        renameSync(join(made, 'image'), join(images, id));
      } catch (error) {
        // Another process was first.
        if (stored(id) === null) throw error;
      }
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  };

  const list: ImageStore['list'] = () =>
    readdirSync(names).flatMap((file) => {
      try {
        const { name, id } = JSON.parse(readFileSync(join(names, file), 'utf8')) as { readonly name: string; readonly id: string };
        return [{ name, id, isForeign: lstatSync(join(directory, rootOf(id)), { throwIfNoEntry: false })?.isSymbolicLink() === true }];
      } catch {
        return [];
      }
    });

  return {
    list,
    find: (name) => {
      const file = fileOf(name);
      return existsSync(file) ? stored((JSON.parse(readFileSync(file, 'utf8')) as { readonly id: string }).id) : null;
    },
    pull: async (name, repository, reference) => {
      const manifest = await repository.manifest(reference);
      const id = manifest.digest.replace('sha256:', '');
      await make(id, async (root, scratch) => {
        const config = configOf(JSON.parse((await repository.small(manifest.config)).toString('utf8')));
        for (const layer of manifest.layers) {
          const archive = join(scratch, 'layer');
          await repository.download(layer, archive);
          await unpackLayer({ archive, sizeBytes: layer.size, root, owners });
          rmSync(archive);
        }
        return config;
      });
      return give(name, id);
    },
    take: async (name, archive, sizeBytes) => {
      const id = createHash('sha256').update(readFileSync(archive)).digest('hex');
      await make(id, async (root) => {
        await unpackLayer({ archive, sizeBytes, root, owners });
        return configOf({});
      });
      return give(name, id);
    },
    lay: (name, place) => {
      const id = createHash('sha256').update(`unpacked ${place}`).digest('hex');
      if (stored(id) === null) {
        const made = mkdtempSync(join(directory, 'trash-'));
        symlinkSync(place, join(made, 'root'));
        writeFileSync(join(made, 'config.json'), JSON.stringify(configOf({})));
        renameSync(made, join(images, id));
      }
      give(name, id);
    },
    remove: (name) => {
      const file = fileOf(name);
      const found = list().find((one) => one.name === name);
      if (found === undefined) return false;
      rmSync(file, { force: true });
      if (list().some(({ id }) => id === found.id)) return true;
      const trash = join(directory, `trash-${randomUUID()}`);
      if (existsSync(join(images, found.id))) renameSync(join(images, found.id), trash);
      rmSync(trash, { recursive: true, force: true });
      return true;
    },
  };
}

function configOf(value: unknown): ImageConfig {
  const of = (from: unknown, name: string): unknown => (typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined);
  const architecture = of(value, 'architecture');
  if (architecture !== undefined && architecture !== ociArchitecture()) throw new Error(`the image is made for ${String(architecture)}`);
  const config = of(value, 'config');
  const words = (name: string): readonly string[] | null => {
    const found = of(config, name);
    return Array.isArray(found) && found.every((word) => typeof word === 'string') ? found : null;
  };
  const text = (name: string): string => {
    const found = of(config, name);
    return typeof found === 'string' ? found : '';
  };
  return { Entrypoint: words('Entrypoint'), Cmd: words('Cmd'), Env: words('Env') ?? [], WorkingDir: text('WorkingDir'), User: text('User') };
}
