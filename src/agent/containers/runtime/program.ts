import { readFileSync, statSync, writeSync } from 'node:fs';
import { messageOf } from '../../failures.ts';
import { DOCKER_HUB, registryOf } from '../imageName.ts';
import { ociArchitecture } from './architecture.ts';
import { type Bundles, openBundles } from './bundles.ts';
import { readCreateWords } from './createOptions.ts';
import { type Credentials, openRepository, RegistryError } from './registry.ts';
import { type ImageStore, openStore } from './store.ts';

const FAILED = 125;
const MISSING = 1;
/** Docker's registry answers under another name. */
const HUB_HOST = 'registry-1.docker.io';

/**
 * An engine for containers over an OCI runtime alone: as much of the words of podman as an agent says. `words`: the
 * directory of the store, that of what runs, the runtime, and what is to be done. Returns an exit code.
 */
export async function containerEngine(words: readonly string[]): Promise<number> {
  const [directory = '', stateDirectory = '', runtime = '', ...rest] = words;
  try {
    const store = openStore(directory);
    const bundles = openBundles({ directory, stateDirectory, runtime });
    return await obey(rest, store, bundles);
  } catch (error) {
    writeSync(2, `Error: ${messageOf(error)}\n`);
    return FAILED;
  }
}

async function obey([verb = '', ...words]: readonly string[], store: ImageStore, bundles: Bundles): Promise<number> {
  switch (verb) {
    case 'image':
      return ofImages(words, store, bundles);
    case 'images':
      for (const { name, id, isForeign } of store.list()) answer(words.includes('--quiet') ? id : formatted(valueOf(words, '--format'), { ReadOnly: isForeign, Repository: name.replace(TAG, ''), Tag: TAG.exec(name)?.[1] ?? '<none>', ID: id }));
      return 0;
    case 'pull':
      return pull(words, store);
    case 'import': {
      const [archive = '', name = ''] = words;
      answer((await store.take(name, archive, statSync(archive).size)).id);
      return 0;
    }
    case 'create': {
      const options = readCreateWords(words);
      const image = store.find(options.image);
      if (image === null) throw new Error(`${options.image}: image not known`);
      answer(bundles.create(image, options));
      return 0;
    }
    case 'start': {
      const id = words.at(-1) ?? '';
      if (words.includes('--attach')) return bundles.run(id);
      await bundles.start(id);
      return 0;
    }
    case 'exec': {
      const [id = '', ...command] = words;
      return bundles.exec(id, command);
    }
    case 'inspect': {
      const state = bundles.inspect(words.at(-1) ?? '');
      if (state === null) throw new Error('no such container');
      answer(formatted(valueOf(words, '--format'), { State: { StartedAt: state.startedAt, OOMKilled: state.lackedMemory } }));
      return 0;
    }
    case 'ps':
      for (const id of await listed(words, bundles)) answer(id);
      return 0;
    case 'rm': {
      const id = words.at(-1) ?? '';
      if (!(await bundles.remove(id))) throw new Error(`no such container: ${id}`);
      return 0;
    }
    default:
      throw new Error(`unknown command ${verb}`);
  }
}

async function ofImages([verb, ...words]: readonly string[], store: ImageStore, bundles: Bundles): Promise<number> {
  const name = words.at(-1) ?? '';
  const found = store.find(name);
  switch (verb) {
    case 'exists':
      return found === null ? MISSING : 0;
    case 'inspect':
      if (found === null) throw new Error(`${name}: image not known`);
      answer(formatted(valueOf(words, '--format'), { Id: found.id, Config: found.config }));
      return 0;
    case 'rm': {
      if (found === null) throw new Error(`${name}: image not known`);
      if ((await bundles.list()).some(({ image }) => image === found.root)) throw new Error(`${name}: image is in use by a container`);
      store.remove(name);
      return 0;
    }
    default:
      throw new Error(`unknown command image ${verb ?? ''}`);
  }
}

/** What stands behind the last colon, unless it is the port of a registry. */
const TAG = /:([^:/@]+)$/;
const DIGEST = /@(sha256:[0-9a-f]{64})$/;
const NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;

/** The name is whole: registry, path, tag or digest (`wholeName`). */
async function pull(words: readonly string[], store: ImageStore): Promise<number> {
  const name = words.at(-1) ?? '';
  const registry = registryOf(name);
  const digest = DIGEST.exec(name)?.[1];
  const tagged = name.replace(DIGEST, '');
  const path = tagged.slice(registry.length + 1).replace(TAG, '');
  if (!NAME.test(path)) throw new RegistryError(`invalid reference format: ${name}`);
  const host = registry === DOCKER_HUB ? HUB_HOST : registry;
  const schemes = words.includes('--tls-verify=false') ? ['https', 'http'] : ['https'];
  const repository = openRepository({ bases: schemes.map((scheme) => `${scheme}://${host}`), path, credentials: credentialsIn(valueOf(words, '--authfile'), registry), architecture: ociArchitecture() });
  answer((await store.pull(name, repository, digest ?? TAG.exec(tagged)?.[1] ?? 'latest')).id);
  return 0;
}

/** As containers-auth.json(5) has it. */
function credentialsIn(path: string, registry: string): Credentials | null {
  const read: unknown = path === '' ? null : JSON.parse(readFileSync(path, 'utf8'));
  const auth: unknown = (read as { readonly auths?: Readonly<Record<string, { readonly auth?: string }>> } | null)?.auths?.[registry]?.auth;
  if (typeof auth !== 'string') return null;
  const [username = '', password = ''] = Buffer.from(auth, 'base64').toString('utf8').split(/:(.*)/s);
  return { username, password };
}

async function listed(words: readonly string[], bundles: Bundles): Promise<readonly string[]> {
  const filters = words.flatMap((word, index) => (word === '--filter' ? [words[index + 1] ?? ''] : []));
  const containers = await bundles.list();
  return containers
    .filter(({ labels, isDead }) =>
      filters.every((filter) => {
        const [kind = '', wanted = ''] = filter.split(/=(.*)/s);
        const [name = '', value] = wanted.split(/=(.*)/s);
        if (kind === 'label') return labels.has(name) && (value === undefined || labels.get(name) === value);
        if (kind === 'status' && wanted === 'exited') return isDead;
        throw new Error(`unknown filter ${filter}`);
      }),
    )
    .map(({ id }) => id);
}

/** The value of an option that stands in two words; empty: it is not there. */
function valueOf(words: readonly string[], option: string): string {
  const index = words.indexOf(option);
  return index < 0 ? '' : (words[index + 1] ?? '');
}

/** `{{.A.B}}`, as text or as JSON: what agents ask of templates. */
function formatted(template: string, from: object): string {
  return template.replaceAll(/\{\{(json )?\.([A-Za-z.]+)\}\}/g, (_all, asJson: string | undefined, path: string) => {
    const value: unknown = path.split('.').reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined), from);
    return asJson === undefined ? String(value) : JSON.stringify(value ?? null);
  });
}

function answer(line: string): void {
  writeSync(1, `${line}\n`);
}
