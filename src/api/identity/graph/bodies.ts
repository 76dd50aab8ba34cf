import { randomUUID } from 'node:crypto';
import { parseTimestamp } from '../../../wire/timestamps.ts';
import type { Instant } from '../../../core/keys.ts';
import type { ApplicationCredential } from '../../../store/intents/directory.ts';
import { isGuid } from '../../../wire/management/guid.ts';
import { readCertificate } from '../certificates.ts';
import { GraphError } from './errors.ts';

/** What a request has sent, of which each member is read or refused. */
export type Members = Readonly<Record<string, unknown>>;

/** The object with no members but these; those that are empty or null count as left out. @throws GraphError. */
export function membersOf(value: unknown, known: readonly string[], what = 'The body'): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what} must be an object.`);
  const members = Object.entries(value).filter(([name, member]) => !name.startsWith('@odata.') && member !== null && !(Array.isArray(member) && member.length === 0 && !known.includes(name)));
  const other = members.find(([name]) => !known.includes(name));
  if (other !== undefined) throw bad(`Invalid property '${other[0].slice(0, 64)}': this directory has no such property.`);
  return Object.fromEntries(members);
}

const LONGEST_NAME = 256;

/** Undefined: it was left out. @throws GraphError. */
export function nameIn(members: Members, name: string): string | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME) throw bad(`Invalid value specified for property '${name}': 1 to ${LONGEST_NAME} letters.`);
  return value;
}

/** @throws GraphError. */
export function idIn(members: Members, name: string): string {
  const value = members[name];
  if (typeof value !== 'string' || !isGuid(value)) throw bad(`Invalid value specified for property '${name}': a GUID.`);
  return value.toLowerCase();
}

function instantIn(members: Members, name: string): Instant | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  const instant = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (instant === undefined) throw bad(`Invalid value specified for property '${name}': a date and time.`);
  return instant;
}

/** Graph's default of secrets. */
const SECRET_LIFETIME_MS = 2 * 365 * 86_400_000;

/** Of the body of `addPassword`. @throws GraphError. */
export function secretAsked(body: unknown, now: Instant): Pick<ApplicationCredential, 'displayName' | 'startsAt' | 'endsAt'> {
  const { passwordCredential = {} } = body === undefined ? {} : membersOf(body, ['passwordCredential']);
  const members = membersOf(passwordCredential, ['displayName', 'startDateTime', 'endDateTime'], "The property 'passwordCredential'");
  const startsAt = instantIn(members, 'startDateTime') ?? now;
  const endsAt = instantIn(members, 'endDateTime') ?? startsAt + SECRET_LIFETIME_MS;
  if (endsAt <= startsAt) throw bad("Invalid value specified for property 'endDateTime': it is not after the start.");
  return { displayName: nameIn(members, 'displayName') ?? null, startsAt, endsAt };
}

const KEY_MEMBERS = ['customKeyIdentifier', 'displayName', 'endDateTime', 'key', 'keyId', 'startDateTime', 'type', 'usage'];
const MOST_KEYS = 20;

/**
 * All certificates that an object is to have: new ones have a `key`, others are those of `present` with their `keyId`.
 * @throws GraphError.
 */
export function certificatesAsked(value: unknown, holder: string, present: readonly ApplicationCredential[]): readonly ApplicationCredential[] {
  if (!Array.isArray(value)) throw bad("The property 'keyCredentials' must be a list.");
  if (value.length > MOST_KEYS) throw new GraphError('Directory_QuotaExceeded', `No more than ${MOST_KEYS} certificates can be registered.`);
  return value.map((one: unknown) => {
    const members = membersOf(one, KEY_MEMBERS, "A member of 'keyCredentials'");
    if (members['key'] !== undefined) return newCertificate(members, holder);
    const keyId = idIn(members, 'keyId');
    const kept = present.find((credential) => credential.kind === 'certificate' && credential.holder === holder && credential.keyId === keyId);
    if (kept === undefined) throw bad(`New key credential must have a key: there is none with the keyId '${keyId}'.`);
    return kept;
  });
}

function newCertificate(members: Members, holder: string): ApplicationCredential {
  const { key, type = 'AsymmetricX509Cert', usage = 'Verify' } = members;
  if (type !== 'AsymmetricX509Cert' || usage !== 'Verify') throw bad("Key credentials are of the type 'AsymmetricX509Cert' and the usage 'Verify' here.");
  const certificate = typeof key === 'string' ? readCertificate(key) : null;
  if (certificate === null) throw bad('Key value is invalid certificate: a certificate (DER in base64) with a key of RSA, 2,048 bits or more, or of the curve P-256 is taken.');
  const startsAt = instantIn(members, 'startDateTime') ?? Date.parse(certificate.validFrom);
  const ends = Date.parse(certificate.validTo);
  const endsAt = instantIn(members, 'endDateTime') ?? ends;
  if (endsAt > ends || endsAt <= startsAt) throw new GraphError('KeyCredentialsInvalidEndDate', 'Key credential end date is invalid: it is not after the start, or after the end of the certificate.');
  const keyId = members['keyId'] === undefined ? randomUUID() : idIn(members, 'keyId');
  return { keyId, holder, kind: 'certificate', displayName: nameIn(members, 'displayName') ?? null, hint: null, proof: certificate.raw, startsAt, endsAt };
}

export function bad(message: string): GraphError {
  return new GraphError('Request_BadRequest', message);
}
