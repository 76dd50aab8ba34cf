import {
  findCertificate,
  insertCertificate,
  listCertificates,
  lockCertificate,
  moveCertificate,
  settleCertificates,
  thumbprintKey,
  type CertificateRow,
  type CertificateState,
} from '../../../store/intents/certificates.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError } from '../../../wire/errors.ts';
import { matches } from '../../../wire/odata.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { applySelect } from '../../../wire/query.ts';
import { deleted, entity, type Answer } from '../../answer.ts';
import { param, type Call, type Handler, type Parts } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';
import { readCertificate } from './file.ts';
import { wireCertificate } from './view.ts';

const add: Handler = async (call, parts): Promise<Answer> => {
  const certificate = readCertificate(dataContract.readBody('CertificateAdd', call.version, await call.json()));
  const account = await settled(call, parts);
  await transaction(parts.database, async (tx) => {
    if (await insertCertificate(tx, parts.sealing, account, certificate, call.now)) return;
    const there = await lockCertificate(tx, account, certificate.thumbprint);
    throw new BatchError(there?.state === 'deleting' ? 'CertificateBeingDeleted' : 'CertificateExists');
  });
  // Recorded: spelt as here, and no ETag.
  const url = `${call.baseUrl}/certificates(ThumbprintAlgorithm=sha1,Thumbprint=${certificate.thumbprint})`;
  return { status: 201, headers: { location: url, dataserviceid: url }, body: null };
};

const get: Handler = async (call, parts) => {
  const account = await settled(call, parts);
  const found = await findCertificate(parts.database, account, thumbprintOf(call));
  if (found === null) throw new BatchError('CertificateNotFound');
  const json = dataContract.writeBody('Certificate', call.version, wireCertificate(found, call.baseUrl) as never, `${call.baseUrl}/$metadata#certificates/@Element`);
  return entity(applySelect(json, call.query.select), null);
};

const list: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const account = await settled(call, parts);
  const rows = await listCertificates(parts.database, account, pageStart(call, 'certificates', ''));
  const all = rows.map((row) => ({ key: thumbprintKey(row.thumbprint), certificate: wireCertificate(row, call.baseUrl) }));
  const wanted = filter === undefined ? all : all.filter(({ certificate }) => matches(filter, certificate));
  const page = wanted.slice(0, maxResults);
  const token = wanted.length > page.length ? skipToken('certificates', page.at(-1)?.key ?? '') : null;
  const items = page.map(({ certificate }) => applySelect(dataContract.writeBody('Certificate', call.version, certificate as never), select));
  return listAnswer(call, 'certificates', items, token);
};

const remove: Handler = async (call, parts) => {
  await change(call, parts, 'deleting', ({ state }) => (state === 'deleting' ? 'CertificateBeingDeleted' : null));
  return deleted(202);
};

const cancelDeletion: Handler = async (call, parts): Promise<Answer> => {
  await change(call, parts, 'active', ({ state }) => {
    switch (state) {
      case 'active':
        return 'CertificateStateActive';
      case 'deleting':
        return 'CertificateBeingDeleted';
      case 'deletefailed':
        return null;
    }
  });
  return { status: 204, headers: { dataserviceid: `${call.baseUrl}${call.path}` }, body: null };
};

/** `guard`: the code of the error that its state gives; null: it may go on. */
async function change(call: Call, parts: Parts, state: CertificateState, guard: (row: CertificateRow) => 'CertificateBeingDeleted' | 'CertificateStateActive' | null): Promise<void> {
  const account = await settled(call, parts);
  await transaction(parts.database, async (tx) => {
    const found = await lockCertificate(tx, account, thumbprintOf(call));
    if (found === null) throw new BatchError('CertificateNotFound');
    const refused = guard(found);
    if (refused !== null) throw new BatchError(refused);
    await moveCertificate(tx, account, found, state, call.now);
  });
}

/** The account, with all deletions ended whose time has come. */
async function settled(call: Call, parts: Parts): Promise<number> {
  const { number } = call.principal.account;
  await settleCertificates(parts.database, number, call.now);
  return number;
}

/** There are none of another algorithm. */
function thumbprintOf(call: Call): string {
  if (param(call, 'thumbprintAlgorithm').toLowerCase() !== 'sha1') throw new BatchError('CertificateNotFound');
  return param(call, 'thumbprint');
}

/** Operations on certificates, by operation id. */
export const certificateHandlers = {
  Certificate_Add: add,
  Certificate_Get: get,
  Certificate_List: list,
  Certificate_Delete: remove,
  Certificate_CancelDeletion: cancelDeletion,
} as const satisfies Partial<Record<OperationId, Handler>>;
