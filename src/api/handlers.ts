import type { OperationId } from '../wire/operations.ts';
import type { Handler } from './call.ts';
import { jobHandlers } from './jobHandlers.ts';
import { poolHandlers } from './poolHandlers.ts';
import { taskHandlers } from './taskHandlers.ts';

/** What serves each operation. One that has no row here is known but not served yet: 501 NotImplemented, which no client repeats. */
export const handlers: Readonly<Partial<Record<OperationId, Handler>>> = { ...poolHandlers, ...jobHandlers, ...taskHandlers };
