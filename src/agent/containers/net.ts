import { setTimeout as delay } from 'node:timers/promises';
import { callEngine, type EngineCall } from './engine.ts';

/** A container as a net: plain data, so that any thread can be given it. */
export interface ContainerNet {
  readonly kind: 'container';
  readonly call: EngineCall;
  readonly id: string;
}

/**
 * An engine that answers no more is not waited for: what its containers are made of is killed as any processes are.
 */
const PATIENCE_MS = 5_000;
const TRIES = 4;
const BETWEEN_TRIES_MS = 150;

const removals = new WeakMap<ContainerNet, { isOver: boolean }>();

/** Begins to kill and remove the container, once. True as long as that is under way. */
export function isBeingRemoved(net: ContainerNet): boolean {
  const known = removals.get(net);
  if (known !== undefined) return !known.isOver;
  const removal = { isOver: false };
  removals.set(net, removal);
  const patience = setTimeout(() => {
    removal.isOver = true;
  }, PATIENCE_MS);
  patience.unref();
  void removeContainer(net.call, net.id).finally(() => {
    clearTimeout(patience);
    removal.isOver = true;
  });
  return true;
}

/** Kills the container and removes it with its layer. False: the engine could not, or not yet. */
export async function removeContainer(call: EngineCall, id: string): Promise<boolean> {
  for (let tries = TRIES; tries > 0; tries--) {
    const said = await callEngine(call, [...call.remove, id]).catch(() => null);
    // Podman cannot remove at once what has just lost its processes to somebody else.
    if (said?.code === 0 || (said !== null && /no such container|no container with/i.test(said.stderr))) return true;
    await delay(BETWEEN_TRIES_MS, undefined, { ref: false });
  }
  return false;
}
