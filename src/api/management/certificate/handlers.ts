import { findCertificate, listCertificates, settleCertificates, thumbprintKey, type CertificateRow } from '../../../store/intents/certificates.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import { etagOfMs } from '../../../wire/etag.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import type { ArmCertificateProperties } from '../../../wire/management/types.generated.ts';
import type { OperationId } from '../../../wire/operations.ts';
import type { Account } from '../../accounts.ts';
import type { Answer } from '../../answer.ts';
import { askWithin } from '../../data/within.ts';
import { empty, json, weakly } from '../answers.ts';
import { checkConditions } from '../conditions.ts';
import { openAccount } from '../batchAccount/opened.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { begun, underWay } from '../longOperation.ts';
import { listed } from '../listed.ts';
import { certificateView, CERTIFICATE_FILTERS } from './view.ts';

/** The last version of the data plane that has certificates. */
const DATA_VERSION = { text: '2024-02-01.19.0', revision: 19, newer: false } as const;

export const certificateHandlers = {
  Certificate_ListByBatchAccount: async (call, parts) => {
    const { account, id } = await opened(call, parts);
    const rows = await listCertificates(parts.data.database, account.number, '');
    return listed(call, rows.map((row) => ({ key: thumbprintKey(row.thumbprint), view: certificateView(row, id) })), CERTIFICATE_FILTERS);
  },
  Certificate_Get: async (call, parts) => {
    const { account, id } = await opened(call, parts);
    return shown(await existing(call, account, parts), id);
  },
  /** One that is there with the same thumbprint is the same certificate. */
  Certificate_Create: async (call, parts) => {
    const { account, id } = await opened(call, parts);
    const known = await find(call, account, parts);
    checkConditions(call, known === null ? null : etagOfMs(known.since));
    const { properties = {} } = readBody('ArmCertificate', call, await call.json());
    if (known === null) await add(properties, call, account, parts);
    return shown(await existing(call, account, parts), id);
  },
  /** Data and password are those of the same certificate: there is nothing to change. */
  Certificate_Update: async (call, parts) => {
    const { account, id } = await opened(call, parts);
    readBody('ArmCertificate', call, await call.json());
    const found = await existing(call, account, parts);
    checkConditions(call, etagOfMs(found.since));
    return shown(found, id);
  },
  Certificate_Delete: async (call, parts) => {
    const { account } = await opened(call, parts);
    const found = await find(call, account, parts);
    if (found === null) return empty(204);
    checkConditions(call, etagOfMs(found.since));
    await ask('Certificate_Delete', call, account, parts);
    const accountPath = call.path.split('/').slice(0, -2).join('/');
    return begun(`${call.baseUrl}${accountPath}/certificateOperationResults/sha1-${found.thumbprint}-${found.since.toString(16)}?api-version=${call.version.text}`);
  },
  Certificate_CancelDeletion: async (call, parts) => {
    const { account, id } = await opened(call, parts);
    await ask('Certificate_CancelDeletion', call, account, parts);
    return shown(await existing(call, account, parts), id);
  },
  /** 202 while it goes, then 200 and no body (recorded 8.10). */
  Certificate_OperationResult: async (call, parts) => {
    const { account } = await opened(call, parts);
    const [, thumbprint] = /^sha1-([0-9a-f]+)-[0-9a-f]+$/i.exec(param(call, 'operationId')) ?? [];
    if (thumbprint === undefined) throw new ManagementError('NotFound', 'The operation is not known.');
    const found = await findCertificate(parts.data.database, account.number, thumbprint);
    if (found?.state === 'deleting') return underWay(call);
    return empty(200);
  },
} satisfies Record<string, ManagementHandler>;

/** The account, with all deletions of certificates ended whose time has come. */
async function opened(call: ManagementCall, parts: ManagementParts) {
  const found = await openAccount(call, parts);
  await settleCertificates(parts.data.database, found.account.number, call.now);
  return found;
}

function find(call: ManagementCall, account: Account, { data }: ManagementParts): Promise<CertificateRow | null> {
  return findCertificate(data.database, account.number, thumbprintIn(call));
}

async function existing(call: ManagementCall, account: Account, parts: ManagementParts): Promise<CertificateRow> {
  const found = await find(call, account, parts);
  if (found === null) throw new BatchError('CertificateNotFound');
  return found;
}

/** Names are `sha1-<thumbprint>`, in any case (recorded). */
function thumbprintIn(call: ManagementCall): string {
  const name = param(call, 'certificateName');
  const [, thumbprint] = /^sha1-([0-9a-f]{40})$/i.exec(name) ?? [];
  if (thumbprint === undefined) throw invalidProperty('certificateName', name, "A certificate is named 'sha1-' and its thumbprint.");
  return thumbprint.toLowerCase();
}

async function add({ data, format, password, thumbprint, thumbprintAlgorithm }: ArmCertificateProperties, call: ManagementCall, account: Account, parts: ManagementParts): Promise<void> {
  const named = thumbprintIn(call);
  if (thumbprint !== undefined && thumbprint.toLowerCase() !== named) throw invalidProperty('thumbprint', thumbprint, 'The thumbprint is not that of the name.');
  const body = { thumbprint: named, thumbprintAlgorithm: thumbprintAlgorithm ?? 'sha1', data, certificateFormat: format?.toLowerCase(), password };
  await ask('Certificate_Add', call, account, parts, body).catch(async (error: unknown) => {
    if (!(error instanceof BatchError) || error.code !== 'CertificateExists') throw error;
    // Another put the same.
    checkConditions(call, etagOfMs((await existing(call, account, parts)).since));
  });
}

function ask(operation: OperationId, call: ManagementCall, account: Account, { data }: ManagementParts, body?: object): Promise<Answer> {
  const { now, requestId, baseUrl, signal } = call;
  return askWithin(account, data, { operation, params: { thumbprintAlgorithm: 'sha1', thumbprint: thumbprintIn(call) }, version: DATA_VERSION, body, now, requestId, baseUrl, signal });
}

function shown(row: CertificateRow, accountId: string): Answer {
  return json(200, certificateView(row, accountId), weakly(row.since));
}
