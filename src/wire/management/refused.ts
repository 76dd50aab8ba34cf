import type { Refusal } from '../contract/tables.ts';

const NO_TAGS = 'Tags are kept of groups, accounts, identities and pools; nothing here would answer them.';

/** What requests may carry and this service refuses, by shape and property: 400 UnsupportedProperty, and the reason. */
export const MANAGEMENT_REFUSED: Readonly<Record<string, Refusal>> = {
  'ArmApplication.tags': { reason: NO_TAGS },
  'ArmPackage.tags': { reason: NO_TAGS },
  'ArmCertificate.tags': { reason: NO_TAGS },
  'ArmPrivateEndpointConnection.tags': { reason: NO_TAGS },
};
