import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommitNews } from '../../../src/ports.ts';
import { signed, testApi, type TestApi } from '../support.ts';

let it: TestApi;
let server: Server;
const hearers = new Set<(news: CommitNews) => void>();
beforeAll(async () => {
  it = await testApi({
    commits: {
      listen: (_account, hear) => {
        hearers.add(hear);
        return () => hearers.delete(hear);
      },
    },
  });
  await it.pool.query('insert into ownership (account, epoch, tick) values (1, 5, 7) on conflict (account) do update set epoch = 5, tick = 7');
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'P' } } });
  server = createServer(it.api.handler).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
});
afterAll(async () => {
  server.close();
  await it.close();
});

/** The first events of the stream. `onListening`: nothing is new; `onReset`: all is to be read again. */
function listen(query: string, count: number, onListening: () => void = () => undefined, onReset: () => void = () => undefined): Promise<readonly { readonly id: string; readonly data: unknown }[]> {
  const path = `/linarite/events?form=page&${query}`;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers: signed('GET', path, { host: 'h' }, it.now.value) }, (answer) => {
      let text = '';
      let isTold = false;
      let isReset = false;
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (!isTold && text.includes('nothing new')) {
          isTold = true;
          onListening();
        }
        if (!isReset && text.includes('reset')) {
          isReset = true;
          onReset();
        }
        const events = [...text.matchAll(/id: (\S+)\ndata: (.+)\n\n/g)].map(([, id = '', data = '']) => ({ id, data: JSON.parse(data) as unknown }));
        if (events.length < count) return;
        sent.destroy();
        resolve(events);
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}

const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };
function tell(tick: number, running: number): void {
  const { rows } = jobRows(running);
  for (const hear of hearers) hear({ kind: 'tick', epoch: 5, tick, at: 0, decisions: { ...NOTHING, jobs: rows }, transitions: [] });
}
function jobRows(running: number) {
  return { rows: [{ job: 1, tasks: { active: 1, running, succeeded: 0, failed: 0 } }] as never };
}

test('a page hears the last counts of a quarter of a second in one frame, and its listener goes with it', async () => {
  const before = hearers.size;
  const [heard] = await listen('view=job:j', 1, () => [8, 9, 10].forEach((tick) => tell(tick, tick)));
  expect(heard).toEqual({ id: '5-10', data: [{ t: 'counts', job: 'J', c: [1, 10, 0, 0] }, { t: 'object', ref: { kind: 'job', job: 'J' }, rev: '5-10' }] });
  await expect.poll(() => hearers.size).toBe(before);
});

test('a page that was away reads all again, unless nothing has happened since', async () => {
  expect((await listen('view=job:J&from=5-6', 1))[0]?.data).toEqual([{ t: 'reset' }]);
  expect((await listen('view=overview&from=5-7', 1, () => tell(11, 1)))[0]?.data).toEqual([{ t: 'counts', job: 'J', c: [1, 1, 0, 0] }]);
});

test('a page that is told to read all again is told of all that happens from then on', async () => {
  const load = (): void => hearers.forEach((hear) => hear({ kind: 'loaded', epoch: 5 } as CommitNews));
  const heard = await listen('view=overview', 2, load, () => tell(20, 4));
  // The first id is what was committed as the service began to listen anew, not what the reset was about.
  expect(heard).toEqual([{ id: '5-7', data: [{ t: 'reset' }] }, { id: '5-20', data: [{ t: 'counts', job: 'J', c: [1, 4, 0, 0] }] }]);
});

test('a page that would have to be told more than 64 KB reads all again, and is told of what comes after', async () => {
  await it.pool.query(
    `with made as (
       insert into job (account, id, id_key, spec, rules, created, modified, action_at)
       select account, n || repeat('-', 60), n || repeat('-', 60), spec, rules, created, modified, action_at from job, generate_series(100, 999) n where id = 'J'
       returning account, job)
     insert into open_job (account, job) select account, job from made`,
  );
  const { rows } = await it.pool.query<{ job: string }>("select job from job where id like '%--' order by job");
  const tellAll = (): void => {
    const jobs = rows.map(({ job }) => ({ job: Number(job), tasks: { active: 1, running: 1, succeeded: 0, failed: 0 } })) as never;
    for (const hear of hearers) hear({ kind: 'tick', epoch: 5, tick: 30, at: 0, decisions: { ...NOTHING, jobs }, transitions: [] });
  };
  const heard = await listen('view=overview', 2, tellAll, () => tell(31, 6));
  expect(heard).toEqual([{ id: '5-7', data: [{ t: 'reset' }] }, { id: '5-31', data: [{ t: 'counts', job: 'J', c: [1, 6, 0, 0] }] }]);
});

test.each([['view=house', 'view'], ['view=job:J&tasks=1-600', 'tasks'], ['view=job:J&tasks=x', 'tasks']])('%s is refused, and named', async (query, name) => {
  const { status, json } = await it.ask({ url: `/linarite/events?form=page&${query}` });
  expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
});

test('of a job that is not there, and in a form that is not there', async () => {
  expect((await it.ask({ url: '/linarite/events?form=page&view=job:none' })).json.code).toBe('JobNotFound');
  expect((await it.ask({ url: '/linarite/events?form=book' })).json.values[0].value).toBe('form');
});
