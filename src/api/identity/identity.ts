/**
 * Who asks, as a token says it: a principal of the directory. What it may do is another question (`roles.ts`).
 */
export interface Identity {
  /** Of the principal in its tenant; role assignments name it. */
  readonly objectId: string;
  readonly tenantId: string;
  readonly kind: 'servicePrincipal' | 'user' | 'managedIdentity';
  /** For people: a user's principal name, the display name of an application, the name of a managed identity. */
  readonly name: string;
  /** The client id of an application or of a managed identity. */
  readonly appId?: string;
  /** Of a managed identity that is a resource: `/subscriptions/…/userAssignedIdentities/NAME`. */
  readonly resourceId?: string;
}
