import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLinarite, type Instance } from '../support/linarite.ts';
import { session, STUB_SESSIONS, type Exchange } from '../wire/fixtures.ts';
import { lacking, stubClient, type Answered, type StubClient } from './stubClient.ts';
import { STUB_EXCEPTIONS } from './stubExceptions.ts';

// Debian's azure-cli from sign-in to deletes, and the SDKs for JavaScript and Python, as they asked a stub: its answers
// contented them, so whatever those had is answered here too. Answers of the real service have tests of their own.
let instance: Instance;
let client: StubClient;
beforeAll(async () => {
  instance = await startLinarite();
  client = await stubClient(instance);
}, 120_000);
afterAll(() => instance.purge());

function get(url: string): Exchange {
  return { name: `GET ${url}`, request: { method: 'GET', url: `${url}?api-version=2022-10-01.16.0`, headers: { authorization: 'SharedKey' } }, response: { status: 200, headers: {} } };
}
function put(url: string, body: object): Exchange {
  return { name: `PUT ${url}`, request: { method: 'PUT', url, headers: { authorization: 'Bearer', 'content-type': 'application/json' }, body }, response: { status: 200, headers: {} } };
}
function isCompleted({ body }: Answered): boolean {
  return (body as { readonly state?: string }).state === 'completed';
}
function isSteady({ body }: Answered): boolean {
  return (body as { readonly allocationState?: string }).allocationState === 'steady';
}
async function completed(...tasks: readonly string[]): Promise<void> {
  for (const task of tasks) await client.untilIt(isCompleted, get(`/jobs/${task}`));
}

/** In the stub tasks had ended as they were added, and pools were at rest. */
const BEFORE: Readonly<Record<string, () => Promise<unknown>>> = {
  'ST 19': () => completed('myjob/tasks/mytask1'),
  'ST 21': () => completed('myjob/tasks/mytask2'),
  'ST 24': () => completed('myjob/tasks/a1', 'myjob/tasks/a2'),
  'ST 32': () => client.untilIt(isSteady, get('/pools/mypool')),
  'SD 7': () => completed('jsj-ts/tasks/t1', 'jsj-ts/tasks/t2', 'jsj-ts/tasks/t3'),
  'SD 24': () => completed('jsj-v7/tasks/t1', 'jsj-v7/tasks/t2', 'jsj-v7/tasks/t3'),
  'SD 35': () => client.ask(put('/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg?api-version=2021-04-01', { location: 'eastus2' })),
  'SD 56': () => completed('pyjob/tasks/t0', 'pyjob/tasks/t1', 'pyjob/tasks/t2'),
};

const used = new Set<unknown>();

describe('sessions of clients with a stub: all that it told them is told here', () => {
  test.each(STUB_SESSIONS)('%s', async (name) => {
    const unexplained: string[] = [];
    for (const exchange of session(name)) {
      await BEFORE[exchange.name]?.();
      for (const difference of lacking(await client.ask(exchange), exchange)) {
        const row = STUB_EXCEPTIONS.find((one) => one.exchanges.test(exchange.name) && one.difference.test(difference));
        if (row === undefined) unexplained.push(`${exchange.name}: ${difference}`);
        else used.add(row);
      }
    }
    expect(unexplained).toEqual([]);
  }, 300_000);

  test('every exception explains a difference', () => {
    expect(STUB_EXCEPTIONS.filter((row) => !used.has(row))).toEqual([]);
  });
});
