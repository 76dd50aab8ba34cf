import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { UnpackedImage } from '../containers/engine.ts';
import type { AgentOptions } from '../options.ts';
import { boundAt, type Steps } from './mountSteps.ts';

/** Below the place of a node. */
const UNPACKED = 'unpacked';

/**
 * Steps that bind the images of containers that are unpacked on this machine into the node's place, before anything
 * hides them from it. One that is not there is left out: it is asked for as any other then.
 */
export function bindUnpacked(place: string, { engine }: Pick<AgentOptions, 'engine'>): Steps {
  return unpackedOf(engine).flatMap(({ root }, index): Steps => {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    mkdirSync(join(place, UNPACKED, String(index)), { recursive: true });
    return boundAt(place, root, join(UNPACKED, String(index)));
  });
}

/** The same images, each where the node has it. */
export function boundImages({ engine, isolation, stateDirectory }: Pick<AgentOptions, 'engine' | 'isolation' | 'stateDirectory'>): readonly UnpackedImage[] {
  const images = unpackedOf(engine).map(({ name, root }, index) => ({ name, root: isolation === undefined ? root : join(stateDirectory, 'place', UNPACKED, String(index)) }));
  return images.filter(({ root }) => statSync(root, { throwIfNoEntry: false })?.isDirectory() === true);
}

function unpackedOf(engine: AgentOptions['engine']): readonly UnpackedImage[] {
  return engine?.kind === 'runtime' ? (engine.unpacked ?? []) : [];
}
