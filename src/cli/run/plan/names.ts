import { randomBytes } from 'node:crypto';

/** Ids of pools, jobs and tasks (API reference, Job.id). */
export const MAXIMUM_ID = 64;
export const ID = /^[A-Za-z0-9_-]{1,64}$/;
export const WHAT_IDS_ARE = 'an id has 1 to 64 of A-Z, a-z, 0-9, - and _';

/** `run-20261120-184502-3fa1`: sorts by time, free in practice, a valid id and part of a container's name. */
export function freeName(prefix: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, '').replace('T', '-');
  return `${prefix}-${stamp}-${randomBytes(2).toString('hex')}`;
}

/**
 * The name of a job's container. Container names are 3 to 63 of a-z, 0-9 and single dashes; a job's id may have none of
 * these but dashes.
 */
export function containerName(jobId: string, use: 'in' | 'out' | 'all'): string {
  const plain = jobId.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 50).replace(/-+$/, '');
  return ['linarite', plain, use].filter((part) => part !== '').join('-');
}

/**
 * The id itself, or the first of `id-2`, `id-3` … that is not taken; it is taken then.
 * @param taken ids in lower case: the service does not tell them by their case
 */
export function freeId(id: string, taken: Set<string>): string {
  let free = id;
  for (let number = 2; taken.has(free.toLowerCase()); number++) {
    const ending = `-${number}`;
    free = `${id.slice(0, MAXIMUM_ID - ending.length)}${ending}`;
  }
  taken.add(free.toLowerCase());
  return free;
}
