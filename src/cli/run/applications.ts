import type { ApplicationSeen, BatchAccount } from './account/batchAccount.ts';
import { RunError } from './failure.ts';
import { ID, WHAT_IDS_ARE } from './plan/names.ts';

/** An application that every task of a run gets; without a version its default one. */
export interface ApplicationWish {
  readonly applicationId: string;
  readonly version?: string;
}

/** Versions of packages (management API reference, ApplicationPackage_Create). */
const VERSION = /^[A-Za-z0-9_.-]{1,64}$/;

/** Reads `--app`: `blender:2.79`, or `blender`. @throws RunError usage */
export function readApplications(texts: readonly string[]): ApplicationWish[] {
  const wishes = texts.map(readApplication);
  const names = wishes.map(nameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RunError('usage', `--app ${twice} is given twice`);
  return wishes;
}

function readApplication(text: string): ApplicationWish {
  const at = text.indexOf(':');
  const applicationId = at < 0 ? text : text.slice(0, at);
  if (!ID.test(applicationId)) throw new RunError('usage', `--app ${text}: write ID or ID:VERSION; ${WHAT_IDS_ARE}`);
  if (at < 0) return { applicationId };
  const version = text.slice(at + 1);
  if (!VERSION.test(version)) throw new RunError('usage', `--app ${text}: a version has 1 to 64 of A-Z, a-z, 0-9, -, _ and .`);
  return { applicationId, version };
}

/** As it is written. */
export function nameOf({ applicationId, version }: ApplicationWish): string {
  return version === undefined ? applicationId : `${applicationId}:${version}`;
}

/**
 * Looks whether the account has the packages: without one a task would fail only when it is to run. @throws RunError
 * usage
 */
export async function checkApplications(wishes: readonly ApplicationWish[], batch: BatchAccount): Promise<void> {
  if (wishes.length === 0) return;
  const applications = await batch.applications();
  for (const wish of wishes) checkOne(wish, applications);
}

function checkOne(wish: ApplicationWish, applications: readonly ApplicationSeen[]): void {
  const { applicationId, version } = wish;
  const found = applications.find(({ id }) => id.toLowerCase() === applicationId.toLowerCase());
  const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.slice(0, 8).join(', '));
  if (found === undefined) throw new RunError('usage', `--app ${nameOf(wish)}: the account has no such application with an active package; it has ${listed(applications.map(({ id }) => id))}`);
  const versions = found.versions ?? [];
  if (version !== undefined && !versions.some((other) => other.toLowerCase() === version.toLowerCase())) {
    throw new RunError('usage', `--app ${nameOf(wish)}: the application ${found.id} has no such version; it has ${listed(versions)}`);
  }
}
