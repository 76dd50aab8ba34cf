import type { JobNumber, PoolNumber } from '../core/keys.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { JobAdd, PoolAdd } from '../wire/types.generated.ts';

interface Named<Spec> {
  readonly id: string;
  readonly spec: Spec;
}

/** Specifications of jobs and pools that agents are told of: read once, forgotten when the intent changes. Handlers validated what they stored. */
export class Specs {
  readonly #store: Pick<OwnerStore, 'readJobSpecs' | 'readPoolSpecs'>;
  readonly #jobs = new Map<JobNumber, Named<JobAdd>>();
  readonly #pools = new Map<PoolNumber, Named<PoolAdd>>();

  constructor(store: Pick<OwnerStore, 'readJobSpecs' | 'readPoolSpecs'>) {
    this.#store = store;
  }

  async jobs(numbers: readonly JobNumber[]): Promise<ReadonlyMap<JobNumber, Named<JobAdd>>> {
    const missing = [...new Set(numbers)].filter((job) => !this.#jobs.has(job));
    if (missing.length > 0) {
      for (const { job, id, spec } of await this.#store.readJobSpecs(missing)) this.#jobs.set(job, { id, spec: spec as JobAdd });
    }
    return this.#jobs;
  }

  async pool(number: PoolNumber): Promise<Named<PoolAdd> | undefined> {
    if (!this.#pools.has(number)) {
      for (const { pool, id, spec } of await this.#store.readPoolSpecs([number])) this.#pools.set(pool, { id, spec: spec as PoolAdd });
    }
    return this.#pools.get(number);
  }

  forgetJob(job: JobNumber): void {
    this.#jobs.delete(job);
  }

  forgetPool(pool: PoolNumber): void {
    this.#pools.delete(pool);
  }

  clear(): void {
    this.#jobs.clear();
    this.#pools.clear();
  }
}
