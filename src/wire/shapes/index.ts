import { ACCOUNT_SHAPES } from './account.ts';
import type { ShapeTable } from './definition.ts';
import { JOB_SHAPES } from './job.ts';
import { JOB_SCHEDULE_SHAPES } from './jobSchedule.ts';
import { MACHINE_SHAPES } from './machine.ts';
import { NETWORK_SHAPES } from './network.ts';
import { NODE_SHAPES } from './node.ts';
import { POOL_SHAPES } from './pool.ts';
import { PROCESS_SHAPES } from './process.ts';
import { TASK_SHAPES } from './task.ts';

/** Every shape of the data plane: the one source of validation, of answers and of `types.generated.ts`. */
export const shapes = {
  ...POOL_SHAPES,
  ...JOB_SHAPES,
  ...JOB_SCHEDULE_SHAPES,
  ...TASK_SHAPES,
  ...PROCESS_SHAPES,
  ...MACHINE_SHAPES,
  ...NETWORK_SHAPES,
  ...NODE_SHAPES,
  ...ACCOUNT_SHAPES,
} as const satisfies ShapeTable;
