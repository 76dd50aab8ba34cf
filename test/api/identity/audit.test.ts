import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OPERATOR, OPERATOR_USER } from '../../../src/api/identity/wellKnown.ts';
import { testApi, type Got, type TestApi } from '../support.ts';
import { CLIENT, HOST, operatorToken, post, SECRET } from './asking.ts';

let lines: Record<string, unknown>[] = [];
let service: TestApi;
beforeAll(async () => {
  service = await testApi({ log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) });
});
beforeEach(() => {
  lines = [];
});
afterAll(() => service.close());

function ask(method: string, url: string, bearer: string, body?: object): Promise<Got> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sized = { 'content-length': String(Buffer.byteLength(text ?? '')), ...(text === undefined ? {} : { 'content-type': 'application/json' }) };
  return service.askPlainly({ method, url, headers: { host: HOST, authorization: `Bearer ${bearer}`, ...(method === 'GET' ? {} : sized) }, body: text });
}

function written(msg: string): readonly Record<string, unknown>[] {
  return lines.filter((line) => line['msg'] === msg);
}

describe('the log has a line', () => {
  it('for each change of the directory, whatever became of it, and none for reads', async () => {
    const bearer = await operatorToken(service, 'https://graph.microsoft.com');
    const made = await ask('POST', '/graph/v1.0/applications', bearer, { displayName: 'new' });
    const added = await ask('POST', `/graph/v1.0/applications/${made.json.id}/addPassword`, bearer, {});
    await ask('GET', `/graph/v1.0/applications/${made.json.id}`, bearer);
    await ask('DELETE', '/graph/v1.0/applications/00000000-0000-0000-0000-00000000dead', bearer);
    const who = { objectId: OPERATOR.objectId, name: OPERATOR.name };
    expect(written('directory write')).toMatchObject([
      { operation: 'POST /applications', path: '/graph/v1.0/applications', ...who, status: 201 },
      { operation: 'POST /applications/{id}/addPassword', ...who, status: 200 },
      { operation: 'DELETE /applications/{id}', ...who, code: 'Request_ResourceNotFound' },
    ]);
    expect(JSON.stringify(lines)).not.toContain(added.json.secretText);
  });

  it('as a sign-in is approved of, by a program and on the page, and as keys are replaced', async () => {
    const bearer = await operatorToken(service, 'https://management.azure.com');
    const begun = async (): Promise<string> => (await post(service, '/organizations/oauth2/v2.0/devicecode', { client_id: CLIENT, scope: 'https://management.azure.com/.default' })).json.user_code;
    expect((await ask('POST', `/linarite/identity/devices/${await begun()}`, bearer)).status).toBe(200);
    expect((await ask('POST', '/linarite/identity/devices/NONE23456', bearer)).status).toBe(400);
    expect((await post(service, '/devicelogin', { code: await begun(), username: OPERATOR_USER.name, password: SECRET })).status).toBe(200);
    expect((await ask('POST', '/linarite/identity/keys/rotate', bearer)).status).toBe(200);
    expect(written('identity write')).toMatchObject([
      { operation: 'approve sign-in', objectId: OPERATOR.objectId, status: 200 },
      { operation: 'approve sign-in', objectId: OPERATOR.objectId, code: 'badCode' },
      { operation: 'approve sign-in', path: '/devicelogin', objectId: OPERATOR_USER.objectId, status: 200 },
      { operation: 'rotate keys', objectId: OPERATOR.objectId, status: 200 },
    ]);
  });
});
