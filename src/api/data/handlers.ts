import type { OperationId } from '../../wire/operations.ts';
import { accountHandlers } from './account/handlers.ts';
import { applicationHandlers } from './application/handlers.ts';
import { certificateHandlers } from './certificate/handlers.ts';
import type { Handler } from '../call.ts';
import { fileHandlers } from './file/handlers.ts';
import { jobHandlers } from './job/handlers.ts';
import { nodeHandlers } from './node/handlers.ts';
import { nodeUserHandlers } from './node/users.ts';
import { poolHandlers } from './pool/handlers.ts';
import { scheduleHandlers } from './schedule/handlers.ts';
import { taskHandlers } from './task/handlers.ts';

/**
 * The handler of each operation. An operation without a row is known and not served yet: 501 NotImplemented, the one
 * 5xx that no SDK repeats.
 */
export const handlers: Readonly<Partial<Record<OperationId, Handler>>> = {
  ...poolHandlers,
  ...nodeHandlers,
  ...nodeUserHandlers,
  ...jobHandlers,
  ...scheduleHandlers,
  ...taskHandlers,
  ...fileHandlers,
  ...accountHandlers,
  ...applicationHandlers,
  ...certificateHandlers,
};
