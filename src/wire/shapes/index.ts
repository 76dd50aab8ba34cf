import { accountShapes } from './account.ts';
import type { ShapeTable } from './definition.ts';
import { jobShapes } from './job.ts';
import { jobScheduleShapes } from './jobSchedule.ts';
import { machineShapes } from './machine.ts';
import { networkShapes } from './network.ts';
import { nodeShapes } from './node.ts';
import { poolShapes } from './pool.ts';
import { processShapes } from './process.ts';
import { taskShapes } from './task.ts';

/** Every shape of the data plane: the one source of validation, of answers and of `types.generated.ts`. */
export const shapes = {
  ...poolShapes,
  ...jobShapes,
  ...jobScheduleShapes,
  ...taskShapes,
  ...processShapes,
  ...machineShapes,
  ...networkShapes,
  ...nodeShapes,
  ...accountShapes,
} as const satisfies ShapeTable;
