import type { BatchAccount } from './account/batchAccount.ts';
import type { Storage } from './account/storage.ts';

/** What a run has made and not yet removed, and how far its job has come. */
export interface Made {
  /** `submitted`: the job has all its tasks and goes on without us. `over`: nothing of it runs any more. */
  stage: 'preparing' | 'submitted' | 'over';
  readonly containers: Set<string>;
  pool: string | undefined;
  job: string | undefined;
}

export interface CleanUp {
  readonly batch: BatchAccount;
  readonly storage: Storage | undefined;
  readonly keepJob: boolean;
  readonly keepPool: boolean;
  readonly keepContainers: boolean;
}

/** Removes what a run has made; goes on after a failure and throws the first one at the end. */
export async function cleanUp(made: Made, { batch, storage, keepJob, keepPool, keepContainers }: CleanUp): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  const { job, pool } = made;
  if (job !== undefined && !keepJob) {
    await attempt(async () => {
      await batch.deleteJob(job);
      made.job = undefined;
    });
  }
  if (pool !== undefined && !keepPool) {
    await attempt(async () => {
      await batch.deletePool(pool);
      made.pool = undefined;
    });
  }
  for (const container of keepContainers ? [] : [...made.containers]) {
    await attempt(async () => {
      await storage?.deleteContainer(container);
      made.containers.delete(container);
    });
  }
  if (failures.length > 0) throw failures[0];
}
