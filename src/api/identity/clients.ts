import { timingSafeEqual } from 'node:crypto';
import { lowerAscii } from '../../wire/letters.ts';
import { isGuid } from '../../wire/management/guid.ts';
import { type ApplicationCredential, credentialsOf, findRegistration, type Registration } from '../../store/intents/directory.ts';
import type { Database } from '../../store/intents/statement.ts';
import { ASSERTION_TYPE, verifyAssertion } from './assertion.ts';
import type { TokenAsk } from './grants.ts';
import type { Identity } from './identity.ts';
import { OAuthError } from './oauthError.ts';
import { hashOf, isSame } from './secrets.ts';
import { issuerAt } from './tokens.ts';
import { OPERATOR, TENANT_ID } from './wellKnown.ts';

interface ClientParts {
  readonly database: Database;
  readonly operatorSecret: string;
}

/** An application that has proved itself. */
export interface ProvenClient {
  readonly identity: Identity;
  /** How: `1` by a secret, `2` by a certificate (the claim `appidacr`). */
  readonly by: '1' | '2';
}

/**
 * The service principal of the application that asks for a token for itself, by its secret or by an assertion that it
 * has signed. @throws OAuthError.
 */
export async function provenClient(ask: TokenAsk, { database, operatorSecret }: ClientParts): Promise<ProvenClient> {
  const clientId = lowerAscii(ask.basic?.id ?? ask.form.required('client_id'));
  const proof = proofOf(ask);
  if (clientId === OPERATOR.appId) {
    if (proof.kind === 'assertion') throw new OAuthError('unknownAssertion', `The certificate with which the client assertion was signed is not registered: the app '${OPERATOR.appId}' has a client secret alone.`);
    if (!isSame(proof.text, operatorSecret)) throw wrongSecret(clientId);
    return { identity: OPERATOR, by: '1' };
  }
  const registration = isGuid(clientId) ? await findRegistration(database, clientId) : null;
  if (registration?.appId !== clientId || registration.principalId === null) throw unknownClient(clientId);
  const credentials = await credentialsOf(database, clientId);
  const identity = identityOfRegistration(registration, registration.principalId);
  switch (proof.kind) {
    case 'secret':
      checkSecret(proof.text, clientId, credentials, ask);
      return { identity, by: '1' };
    case 'assertion': {
      const certificates = credentials.filter(({ kind, startsAt, endsAt }) => kind === 'certificate' && startsAt <= ask.now && ask.now < endsAt).map(({ proof: der }) => der);
      await verifyAssertion(proof.text, { clientId, certificates, audiences: [ask.endpoint, issuerAt(ask.baseUrl)], now: ask.now });
      return { identity, by: '2' };
    }
  }
}

function identityOfRegistration({ appId, displayName }: Registration, principalId: string): Identity & { readonly appId: string } {
  return { objectId: principalId, tenantId: TENANT_ID, kind: 'servicePrincipal', name: displayName, appId };
}

interface Proof {
  readonly kind: 'secret' | 'assertion';
  readonly text: string;
}

function proofOf({ form, basic }: TokenAsk): Proof {
  const assertion = form.get('client_assertion');
  const secret = basic?.secret ?? form.get('client_secret');
  if (assertion !== undefined && secret !== undefined) throw new OAuthError('twoProofs', "Only one of 'client_assertion' and 'client_secret' may be presented.");
  if (secret !== undefined) return { kind: 'secret', text: secret };
  if (assertion === undefined) throw new OAuthError('missingSecret', "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.");
  if (form.required('client_assertion_type') !== ASSERTION_TYPE) throw new OAuthError('malformedAssertion', `The 'client_assertion_type' must be '${ASSERTION_TYPE}'.`);
  return { kind: 'assertion', text: assertion };
}

function checkSecret(shown: string, clientId: string, credentials: readonly ApplicationCredential[], { now }: TokenAsk): void {
  const hash = hashOf(shown);
  const found = credentials.find(({ kind, proof }) => kind === 'secret' && timingSafeEqual(hash, proof));
  if (found === undefined || now < found.startsAt) throw wrongSecret(clientId);
  if (now >= found.endsAt) throw new OAuthError('expiredSecret', `The provided client secret keys for app '${clientId}' are expired.`);
}

function wrongSecret(clientId: string): OAuthError {
  return new OAuthError('wrongSecret', `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value for the app '${clientId}'.`);
}

function unknownClient(id: string): OAuthError {
  return new OAuthError('unknownClient', `Application with identifier '${id.slice(0, 64)}' was not found in the directory '${TENANT_ID}'.`);
}
