import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CERTIFICATE } from '../support/certificates.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let began: number;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  began = it.now.value;
  write = statuses(it.pool);
});
beforeEach(async () => {
  it.now.value = began;
  await it.clear();
});
afterAll(() => it.close());

const V = 'api-version=2023-11-01.18.0';
const { thumbprint } = CERTIFICATE;
const PFX = { thumbprint, thumbprintAlgorithm: 'sha1', data: CERTIFICATE.pfx, certificateFormat: 'pfx', password: 'secret' };
const CER = { thumbprint, thumbprintAlgorithm: 'sha1', data: CERTIFICATE.cer, certificateFormat: 'cer' };
const AT = `/certificates(thumbprintAlgorithm=sha1,thumbprint=${thumbprint})`;
const REFERENCE = { thumbprint, thumbprintAlgorithm: 'sha1' };
const FOREIGN = '0123456789abcdef0123456789abcdef01234567';

function add(body: unknown): Promise<Got> {
  return it.ask({ method: 'POST', url: `/certificates?${V}`, body });
}
function get(query = ''): Promise<Got> {
  return it.ask({ url: `${AT}?${V}${query}` });
}
function remove(): Promise<Got> {
  return it.ask({ method: 'DELETE', url: `${AT}?${V}` });
}
function cancel(): Promise<Got> {
  return it.ask({ method: 'POST', url: `${AT}/canceldelete?${V}` });
}
function addPool(certificateReferences: unknown, id = 'p'): Promise<Got> {
  return it.ask({ method: 'POST', url: `/pools?${V}`, body: { id, vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU, certificateReferences } });
}
function removePool(): Promise<unknown> {
  return it.pool.query('delete from pool');
}
function later(): void {
  it.now.value += 5_000;
}
function codeOf({ status, json }: Got): string {
  return `${status} ${json?.code ?? ''}`.trim();
}
function propertyOf({ json }: Got): string | undefined {
  return json?.values?.find(({ key }: { key: string }) => key === 'PropertyName')?.value;
}

describe('a certificate', () => {
  test.each([
    ['a pfx file', PFX],
    ['a pfx file without a password', { ...PFX, data: CERTIFICATE.openPfx, password: undefined }],
    ['a cer file', CER],
    ['a pfx file that does not say so', { ...PFX, certificateFormat: undefined }],
    ['a cer file that does not say so', { ...CER, certificateFormat: undefined }],
    ['PEM', { ...CER, data: Buffer.from(`-----BEGIN CERTIFICATE-----\n${CERTIFICATE.cer}\n-----END CERTIFICATE-----\n`).toString('base64') }],
    ['a thumbprint with blanks and in upper case', { ...PFX, thumbprint: thumbprint.toUpperCase().replaceAll(/../g, '$& ') }],
  ])('is added as %s, and read as recorded', async (_name, body) => {
    const added = await add(body);
    expect(added.status).toBe(201);
    const shown = body.thumbprint.replaceAll(' ', '');
    expect(added.headers['location']).toMatch(new RegExp(String.raw`/certificates\(ThumbprintAlgorithm=sha1,Thumbprint=${shown}\)$`));
    expect(added.headers['etag']).toBeUndefined();
    const { status, json, text } = await get();
    expect(status).toBe(200);
    const { ['odata.metadata']: metadata, stateTransitionTime, url, ...rest } = json;
    expect(metadata).toMatch(/#certificates\/@Element$/);
    expect(rest).toEqual({ thumbprint: shown, thumbprintAlgorithm: 'sha1', state: 'active', publicData: CERTIFICATE.cer });
    expect(url).toMatch(new RegExp(String.raw`/certificates\(thumbprintAlgorithm=sha1,thumbprint=${shown}\)$`));
    expect(text).not.toContain('secret');
    expect((await it.ask({ url: `/certificates?${V}` })).json.value).toEqual([{ ...rest, url, stateTransitionTime }]);
  });

  test.each([
    ['no data', { ...PFX, data: undefined }, '400 MissingRequiredProperty', 'data'],
    ['no thumbprint', { ...PFX, thumbprint: undefined }, '400 MissingRequiredProperty', 'thumbprint'],
    ['another algorithm', { ...PFX, thumbprintAlgorithm: 'sha256' }, '400 InvalidPropertyValue', 'thumbprintAlgorithm'],
    ['a thumbprint that is none', { ...PFX, thumbprint: 'x' }, '400 InvalidPropertyValue', 'thumbprint'],
    ['a thumbprint that is too long', { ...PFX, thumbprint: `${thumbprint}0` }, '400 InvalidPropertyValue', 'thumbprint'],
    ['the thumbprint of another', { ...PFX, thumbprint: FOREIGN }, '400 InvalidPropertyValue', 'thumbprint'],
    ['a wrong password', { ...PFX, password: 'wrong-horse' }, '400 InvalidPropertyValue', 'password'],
    ['no password where there is one', { ...PFX, password: undefined }, '400 InvalidPropertyValue', 'password'],
    ['a password for a cer file', { ...CER, password: 'wrong-horse' }, '400 InvalidPropertyValue', 'password'],
    ['data that is no base64', { ...PFX, data: 'secret-data!' }, '400 InvalidPropertyValue', 'data'],
    ['data that is no pfx', { ...PFX, data: CERTIFICATE.cer }, '400 InvalidPropertyValue', 'data'],
    ['data that is no certificate', { ...CER, data: Buffer.from('x').toString('base64') }, '400 InvalidPropertyValue', 'data'],
    ['a pfx file without a key', { ...PFX, data: CERTIFICATE.keylessPfx }, '400 InvalidPropertyValue', 'data'],
    ['a pfx file in RC2', { ...PFX, data: CERTIFICATE.rc2Pfx }, '400 InvalidPropertyValue', 'data'],
    ['more than 10 KiB', { ...CER, data: Buffer.alloc(10 * 1024 + 1).toString('base64') }, '400 InvalidPropertyValue', 'data'],
    ['an unknown format', { ...PFX, certificateFormat: 'pem' }, '400 InvalidPropertyValue', 'certificateFormat'],
    ['data of another type', { ...PFX, data: 1 }, '400 InvalidRequestBody', undefined],
    ['an unknown property', { ...PFX, name: 'x' }, '400 InvalidRequestBody', undefined],
  ])('with %s is refused, and no secret repeated', async (_name, body, code, property) => {
    const got = await add(body);
    expect(codeOf(got)).toBe(code);
    if (property !== undefined) expect(propertyOf(got)).toBe(property);
    for (const secret of ['wrong-horse', 'secret-data', CERTIFICATE.pfx.slice(0, 40)]) expect(got.text).not.toContain(secret);
    expect((await get()).status).toBe(404);
  });

  test('is there once, whoever adds it, and whatever the case of its thumbprint', async () => {
    const both = await Promise.all([add(PFX), add({ ...CER, thumbprint: thumbprint.toUpperCase() })]);
    expect(both.map(codeOf).sort()).toEqual(['201', '409 CertificateExists']);
    expect(codeOf(await add(CER))).toBe('409 CertificateExists');
  });

  test('that nobody uses is deleted: it reads `deleting` for a moment, then it is gone', async () => {
    await add(PFX);
    expect((await remove()).status).toBe(202);
    it.now.value += 1_000;
    expect((await get()).json).toMatchObject({ state: 'deleting', previousState: 'active' });
    expect([codeOf(await remove()), codeOf(await cancel()), codeOf(await add(PFX))]).toEqual(Array.from({ length: 3 }, () => '409 CertificateBeingDeleted'));
    expect(codeOf(await addPool([REFERENCE]))).toBe('409 InvalidCertificateReferences');
    later();
    expect(codeOf(await get())).toBe('404 CertificateNotFound');
    expect([codeOf(await remove()), codeOf(await cancel())]).toEqual(Array.from({ length: 2 }, () => '404 CertificateNotFound'));
    expect((await add(PFX)).status).toBe(201);
  });

  test('that pools name cannot be deleted: it says which, until the deletion is cancelled or they are gone', async () => {
    await add(PFX);
    expect(codeOf(await cancel())).toBe('409 CertificateStateActive');
    for (const id of ['b', 'A']) expect((await addPool([{ ...REFERENCE, thumbprint: thumbprint.toUpperCase() }], id)).status).toBe(201);
    await remove();
    later();
    const failed = (await get()).json;
    expect(failed).toMatchObject({ state: 'deletefailed', previousState: 'deleting', deleteCertificateError: { code: 'CertificateInUse', values: [{ name: 'Pool', value: 'A' }, { name: 'Pool', value: 'b' }] } });
    expect(codeOf(await add(PFX))).toBe('409 CertificateExists');
    expect((await it.ask({ url: `/certificates?${V}&$filter=state%20eq%20'deletefailed'&$select=thumbprint` })).json.value).toEqual([{ thumbprint }]);
    const cancelled = await cancel();
    expect([cancelled.status, cancelled.headers['dataserviceid']]).toEqual([204, expect.stringContaining('/canceldelete')]);
    expect((await get()).json).toMatchObject({ state: 'active', previousState: 'deletefailed' });
    expect((await get()).json.deleteCertificateError).toBeUndefined();
    await remove();
    later();
    expect((await get()).json.state).toBe('deletefailed');
    await removePool();
    expect((await remove()).status).toBe(202);
    later();
    expect(codeOf(await get())).toBe('404 CertificateNotFound');
  });

  test('that a node still has cannot be deleted either, though its pool names it no more', async () => {
    await add(PFX);
    await addPool([]);
    const node = await write.node('p', { id: 'tvmps_1_d', bootedAt: 1, state: 'idle', agent: { version: '1', ipAddress: '10.0.0.4', updatedAt: 1, certificates: [{ thumbprint, visibility: ['task'] }] } });
    expect((await it.ask({ url: `/pools/p/nodes/tvmps_1_d?${V}` })).json.certificateReferences).toEqual([{ ...REFERENCE, storeLocation: 'CurrentUser', storeName: 'My', visibility: ['task'] }]);
    await remove();
    later();
    expect((await get()).json).toMatchObject({ state: 'deletefailed', deleteCertificateError: { values: [{ name: 'Node', value: 'tvmps_1_d' }] } });
    await it.pool.query('update node set gone_at = 1 where node = $1', [node]);
    await remove();
    later();
    expect(codeOf(await get())).toBe('404 CertificateNotFound');
  });

  test('is listed with the others by thumbprint, page by page, and is not one of another algorithm', async () => {
    await add(CER);
    const first = await it.pool.query<{ account: number }>('select account from certificate');
    for (const other of ['0'.repeat(40), 'f'.repeat(40)]) await it.pool.query("insert into certificate (account, thumbprint, thumbprint_key, format, data, public_data, state, state_since) values ($1, $2, $2, 'cer', '', '', 'active', 1)", [first.rows[0]?.account, other]);
    const seen: string[] = [];
    for (let url: string | undefined = `/certificates?${V}&maxresults=2`; url !== undefined; ) {
      const { json }: Got = await it.ask({ url });
      expect(json.value.length).toBeLessThanOrEqual(2);
      seen.push(...json.value.map((one: { thumbprint: string }) => one.thumbprint));
      url = json['odata.nextLink']?.replace(/^https?:\/\/[^/]*/, '');
    }
    expect(seen).toEqual(['0'.repeat(40), thumbprint, 'f'.repeat(40)]);
    expect(codeOf(await it.ask({ url: `/certificates(thumbprintAlgorithm=sha256,thumbprint=${thumbprint})?${V}` }))).toBe('404 CertificateNotFound');
    expect(codeOf(await it.ask({ url: `/certificates?${V}&$filter=thumbprint%20eq%20'x'` }))).toBe('400 InvalidQueryParameterValue');
  });
});

describe('certificates of a pool', () => {
  test('are answered with their defaults, as recorded, in versions that know them', async () => {
    await add(PFX);
    expect((await addPool([{ ...REFERENCE, visibility: ['Task'] }])).status).toBe(201);
    expect((await it.ask({ url: `/pools/p?${V}` })).json.certificateReferences).toEqual([{ ...REFERENCE, storeLocation: 'CurrentUser', storeName: 'My', visibility: ['task'] }]);
    expect((await it.ask({ url: '/pools/p?api-version=2024-07-01.20.0' })).json.certificateReferences).toBeUndefined();
    const patch = (members: object): Promise<Got> => it.ask({ method: 'PATCH', url: `/pools/p?${V}`, body: members });
    expect((await patch({ certificateReferences: [REFERENCE] })).status).toBe(200);
    expect((await it.ask({ url: `/pools/p?${V}` })).json.certificateReferences).toMatchObject([{ visibility: ['starttask', 'task', 'remoteuser'] }]);
    expect(codeOf(await patch({ certificateReferences: [{ ...REFERENCE, thumbprint: FOREIGN }] }))).toBe('409 InvalidCertificateReferences');
    const update = (certificateReferences: readonly object[]): Promise<Got> => it.ask({ method: 'POST', url: `/pools/p/updateproperties?${V}`, body: { metadata: [], applicationPackageReferences: [], certificateReferences } });
    expect(codeOf(await update([{ ...REFERENCE, thumbprint: FOREIGN }]))).toBe('409 InvalidCertificateReferences');
    expect((await update([])).status).toBe(204);
    expect((await it.ask({ url: `/pools/p?${V}` })).json.certificateReferences).toEqual([]);
  });

  test.each([
    ['that do not exist', [{ ...REFERENCE, thumbprint: FOREIGN }], '409 InvalidCertificateReferences'],
    ['of another algorithm', [{ ...REFERENCE, thumbprintAlgorithm: 'md5' }], '400 InvalidPropertyValue'],
    ['without a thumbprint', [{ thumbprintAlgorithm: 'sha1' }], '400 MissingRequiredProperty'],
    ['with a thumbprint that is none', [{ ...REFERENCE, thumbprint: 'x' }], '400 InvalidPropertyValue'],
    ['of an unknown visibility', [{ ...REFERENCE, visibility: ['everybody'] }], '400 InvalidPropertyValue'],
    ['that are named twice', [REFERENCE, { ...REFERENCE, thumbprint: thumbprint.toUpperCase() }], '400 InvalidPropertyValue'],
    ['beyond twelve', Array.from({ length: 13 }, () => REFERENCE), '400 InvalidPropertyValue'],
    ['of another type', REFERENCE, '400 InvalidRequestBody'],
  ])('%s are refused', async (_name, references, code) => {
    await add(PFX);
    const got = await addPool(references);
    expect(codeOf(got)).toBe(code);
    if (code.startsWith('409')) expect(got.json.values).toEqual([{ key: `sha1-${FOREIGN}`, value: 'The specified certificate does not exist.' }]);
    expect((await it.ask({ url: '/pools/p' })).status).toBe(404);
  });
});
