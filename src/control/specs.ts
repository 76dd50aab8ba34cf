import type { JobNumber, PoolNumber } from '../core/keys.ts';
import type { OwnerStore, StoredCertificate } from '../store/ownerStore.ts';
import type { JobAdd, PoolAdd } from '../wire/types.generated.ts';

interface Named<Spec> {
  readonly id: string;
  readonly spec: Spec;
}

/** With the certificates that it names. */
interface NamedPool extends Named<PoolAdd> {
  readonly certificates: readonly StoredCertificate[];
}

/**
 * Specifications of jobs and pools that agents are told of: read once, forgotten when the intent changes. Handlers
 * validated what they stored. What is forgotten while it is being read is not kept: the row may have been read before
 * it changed.
 */
export class Specs {
  readonly #store: Pick<OwnerStore, 'readJobSpecs' | 'readPoolSpecs'>;
  readonly #jobs = new Map<JobNumber, Named<JobAdd>>();
  readonly #pools = new Map<PoolNumber, Promise<NamedPool | undefined>>();
  /** Counts what was forgotten. */
  #version = 0;

  constructor(store: Pick<OwnerStore, 'readJobSpecs' | 'readPoolSpecs'>) {
    this.#store = store;
  }

  /** At least those of `numbers` that there are. */
  async jobs(numbers: readonly JobNumber[]): Promise<ReadonlyMap<JobNumber, Named<JobAdd>>> {
    for (;;) {
      const missing = [...new Set(numbers)].filter((job) => !this.#jobs.has(job));
      if (missing.length === 0) return this.#jobs;
      const version = this.#version;
      const found = await this.#store.readJobSpecs(missing);
      if (version !== this.#version) continue;
      for (const { job, id, spec } of found) this.#jobs.set(job, { id, spec: spec as JobAdd });
      return this.#jobs;
    }
  }

  /** As it is now or later: one that is forgotten while it is read is read again. */
  async pool(number: PoolNumber): Promise<NamedPool | undefined> {
    for (;;) {
      const reading = this.#pools.get(number) ?? this.#readPool(number);
      const pool = await reading;
      if (this.#pools.get(number) === reading) return pool;
    }
  }

  /** A read that fails is not kept either. */
  #readPool(number: PoolNumber): Promise<NamedPool | undefined> {
    const reading = this.#store.readPoolSpecs([number]).then(([found]) => (found === undefined ? undefined : { ...found, spec: found.spec as PoolAdd }));
    this.#pools.set(number, reading);
    reading.catch(() => {
      if (this.#pools.get(number) === reading) this.#pools.delete(number);
    });
    return reading;
  }

  forgetJob(job: JobNumber): void {
    this.#version += 1;
    this.#jobs.delete(job);
  }

  forgetPool(pool: PoolNumber): void {
    this.#pools.delete(pool);
  }
}
