import type { ManagementOperationId } from '../../wire/management/operations.ts';
import { applicationHandlers } from './application/handlers.ts';
import { batchAccountHandlers } from './batchAccount/handlers.ts';
import type { ManagementHandler } from './call.ts';
import { certificateHandlers } from './certificate/handlers.ts';
import { deploymentHandlers } from './deployment/handlers.ts';
import { groupHandlers } from './group/handlers.ts';
import { locationHandlers } from './location/handlers.ts';
import { managedIdentityHandlers } from './managedIdentity/handlers.ts';
import { networkHandlers } from './network/handlers.ts';
import { poolHandlers } from './pool/handlers.ts';
import { providerHandlers } from './provider/handlers.ts';
import { roleAssignmentHandlers } from './roleAssignment/handlers.ts';
import { storageAccountHandlers } from './storageAccount/handlers.ts';
import { subscriptionHandlers } from './subscription/handlers.ts';

/** What serves each operation of the management plane. */
export const managementHandlers: Readonly<Record<ManagementOperationId, ManagementHandler>> = {
  ...subscriptionHandlers,
  ...groupHandlers,
  ...providerHandlers,
  ...storageAccountHandlers,
  ...managedIdentityHandlers,
  ...roleAssignmentHandlers,
  ...deploymentHandlers,
  ...batchAccountHandlers,
  ...poolHandlers,
  ...applicationHandlers,
  ...certificateHandlers,
  ...locationHandlers,
  ...networkHandlers,
};
