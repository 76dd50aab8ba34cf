import type { OperationId } from '../wire/operations.ts';
import { accountHandlers } from './accountHandlers.ts';
import type { Handler } from './call.ts';
import { fileHandlers } from './fileHandlers.ts';
import { jobHandlers } from './jobHandlers.ts';
import { nodeHandlers } from './nodeHandlers.ts';
import { poolHandlers } from './poolHandlers.ts';
import { taskHandlers } from './taskHandlers.ts';

/** What serves each operation. One that has no row here is known but not served yet: 501 NotImplemented, the one 5xx that no SDK repeats. */
export const handlers: Readonly<Partial<Record<OperationId, Handler>>> = {
  ...poolHandlers,
  ...nodeHandlers,
  ...jobHandlers,
  ...taskHandlers,
  ...fileHandlers,
  ...accountHandlers,
};
