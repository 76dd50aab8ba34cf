import { etagOfMs } from '../../../wire/etag.ts';
import { LIMITS } from '../../../wire/limits.ts';
import { BatchError } from '../../../wire/errors.ts';
import { parseResourceId } from '../../../wire/management/resourceId.ts';
import type { ArmApplicationProperties } from '../../../wire/management/types.generated.ts';
import type { Answer } from '../../answer.ts';
import {
  activate, getApplication, getPackage, pageOfApplications, pageOfPackages, patchApplication, putApplication, putPackage, removeApplication, removePackage,
  type ApplicationProperties, type ApplicationView, type PackageWithUrl, type Workplace,
} from '../../application/applications.ts';
import { present } from '../../data/present.ts';
import { empty, json, weakly } from '../answers.ts';
import { existingAccount } from '../batchAccount/existing.ts';
import { openAccount } from '../batchAccount/opened.ts';
import { accountSpec } from '../batchAccount/view.ts';
import { readBody } from '../body.ts';
import { checkConditions } from '../conditions.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { listed } from '../listed.ts';
import { applicationView, packageView, packageWithUrlView } from './view.ts';

export const applicationHandlers = {
  Application_List: async (call, parts) => {
    const { at, accountId } = await workplace(call, parts);
    const all = await pageOfApplications(at, { after: '', limit: LIMITS.applicationsPerAccount });
    return listed(call, all.map((one) => ({ key: one.id.toLowerCase(), view: applicationView(one, accountId) })));
  },
  Application_Get: async (call, parts) => {
    const { at, accountId } = await workplace(call, parts);
    return shown(await getApplication(at, param(call, 'applicationName')), accountId);
  },
  Application_Create: async (call, parts) => {
    const { at, accountId } = await workplace(call, parts);
    const body = await call.jsonIfAny();
    const properties = body === undefined ? {} : readBody('ArmApplication', call, body).properties;
    return shown(await putApplication(at, param(call, 'applicationName'), given(properties)), accountId);
  },
  Application_Update: async (call, parts) => {
    const { at, accountId } = await workplace(call, parts);
    const { properties } = readBody('ArmApplication', call, await call.json());
    return shown(await patchApplication(at, param(call, 'applicationName'), given(properties)), accountId);
  },
  Application_Delete: async (call, parts) => {
    const { at } = await workplace(call, parts);
    return empty((await removeApplication(at, param(call, 'applicationName'))) ? 200 : 204);
  },
  ApplicationPackage_List: async (call, parts) => {
    const { at, accountId } = await workplace(call, parts);
    const { id } = await getApplication(at, param(call, 'applicationName'));
    const all = await pageOfPackages(at, id, { after: '', limit: LIMITS.packagesPerApplication });
    return listed(call, all.map((one) => ({ key: one.version.toLowerCase(), view: packageView(one, `${accountId}/applications/${id}`) })));
  },
  ApplicationPackage_Get: (call, parts) => withPackage(call, parts, (at, id, version) => getPackage(at, id, version)),
  ApplicationPackage_Create: async (call, parts) => {
    const body = await call.jsonIfAny();
    if (body !== undefined) readBody('ArmPackage', call, body);
    return withPackage(call, parts, (at, id, version) => putPackage(at, id, version));
  },
  ApplicationPackage_Activate: async (call, parts) => {
    const { format } = readBody('ArmActivate', call, await call.json());
    return withPackage(call, parts, (at, id, version) => activate(at, id, version, format));
  },
  ApplicationPackage_Delete: async (call, parts) => {
    const { at } = await workplace(call, parts);
    return empty((await removePackage(at, param(call, 'applicationName'), param(call, 'versionName'))) ? 200 : 204);
  },
} satisfies Record<string, ManagementHandler>;

async function workplace(call: ManagementCall, parts: ManagementParts): Promise<{ readonly at: Workplace; readonly accountId: string }> {
  const { account, id: accountId } = await openAccount(call, parts);
  return { at: { database: parts.data.database, storage: parts.data.storageOf(account.number), account: account.number, now: call.now, wallClock: parts.data.wallClock, allows: (found) => checkConditions(call, found === null ? null : etagOfMs(found.modifiedAt)) }, accountId };
}

async function withPackage(call: ManagementCall, parts: ManagementParts, act: (at: Workplace, id: string, version: string) => Promise<PackageWithUrl>): Promise<Answer> {
  await requireStorage(call, parts);
  const { at, accountId } = await workplace(call, parts);
  const found = await act(at, param(call, 'applicationName'), param(call, 'versionName'));
  // Its application is called as it was made.
  const { id } = await getApplication(at, param(call, 'applicationName'));
  return json(200, packageWithUrlView({ ...found, storageUrl: await reachable(found.storageUrl, call, parts) }, `${accountId}/applications/${id}`), weakly(found.modifiedAt));
}

/** Where accounts have names, packages are sent to one: `az` makes the host of an upload of its account's name. */
async function reachable(storageUrl: string, call: ManagementCall, parts: ManagementParts): Promise<string> {
  const { properties } = accountSpec(await existingAccount(call, parts));
  const name = parseResourceId(properties?.autoStorage?.storageAccountId ?? '')?.names.at(-1) ?? '';
  const [place, storage] = [parts.places.blobs(name), parts.storages.named(name)];
  return place === undefined || storage === undefined || !parts.storages.isOurs ? storageUrl : storageUrl.replace(storage.endpoint, place);
}

/**
 * Packages lie in the storage that the account names ("Deploy applications to compute nodes"; the code is inferred).
 */
async function requireStorage(call: ManagementCall, parts: ManagementParts): Promise<void> {
  const { properties } = accountSpec(await existingAccount(call, parts));
  if (properties?.autoStorage !== undefined) return;
  throw new BatchError('InvalidRestAPIForAccountSetting', [{ key: 'Reason', value: 'The account has no auto storage account, in which packages of applications lie: set properties.autoStorage of the account.' }]);
}

function shown(application: ApplicationView, accountId: string): Answer {
  return json(200, applicationView(application, accountId), weakly(application.modifiedAt));
}

function given(properties: ArmApplicationProperties = {}): ApplicationProperties {
  return present(properties);
}
