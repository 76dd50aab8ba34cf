import { describe, expect, test } from 'vitest';
import { answerMetadata, type MetadataRequest } from '../../src/agent/metadata/handler.ts';
import { createScheduledEvents } from '../../src/agent/metadata/scheduledEvents.ts';

const NOW = Date.UTC(2026, 3, 11, 22, 26, 28);
const NEWEST = '2020-07-01';

const instance = { nodeId: 'tvmps_1_p', vmSize: 'Standard_D2s_v3', image: null, isLowPriority: true, address: '127.0.0.2', bits: 8 };

function node() {
  const clock = { now: NOW, approvals: 0 };
  const events = createScheduledEvents({
    nodeId: 'tvmps_1_p',
    now: () => clock.now,
    onApproved: () => {
      clock.approvals += 1;
    },
  });
  const ask = (change: Partial<MetadataRequest> = {}) => answerMetadata({ events, instance }, { method: 'GET', url: `/metadata/scheduledevents?api-version=${NEWEST}`, headers: { metadata: 'true' }, body: '', ...change });
  const approve = (body: unknown) => ask({ method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  const eventId = (): string => (ask().body as { Events: { EventId: string }[] }).Events[0]?.EventId ?? '';
  return { clock, events, ask, approve, eventId };
}

describe('the scheduled events of a node', () => {
  test('are none as long as it is not to be taken back', () => {
    expect(node().ask()).toEqual({ status: 200, body: { DocumentIncarnation: 1, Events: [] } });
  });

  test('are a Preempt with its time in the form of HTTP, which starts then', () => {
    const { clock, events, ask } = node();
    events.preempt(NOW + 30_000);
    events.preempt(NOW + 90_000);
    const event = { EventId: expect.stringMatching(/^[\dA-F-]{36}$/), EventStatus: 'Scheduled', EventType: 'Preempt', ResourceType: 'VirtualMachine', Resources: ['tvmps_1_p'], NotBefore: 'Sat, 11 Apr 2026 22:26:58 GMT', Description: expect.any(String), EventSource: 'Platform', DurationInSeconds: -1 };
    expect(ask().body).toEqual({ DocumentIncarnation: 2, Events: [event] });
    clock.now += 30_000;
    expect(ask().body).toEqual({ DocumentIncarnation: 3, Events: [{ ...event, EventStatus: 'Started', NotBefore: '' }] });
  });

  test('start when a program approves of it, which is told once', () => {
    const { clock, events, ask, approve, eventId } = node();
    events.preempt(NOW + 30_000);
    const id = eventId();
    expect(approve({ StartRequests: [{ EventId: id.toLowerCase() }] })).toEqual({ status: 200, body: null });
    expect(approve({ StartRequests: [{ EventId: id }] })).toEqual({ status: 200, body: null });
    expect(clock.approvals).toBe(1);
    expect(ask().body).toMatchObject({ DocumentIncarnation: 3, Events: [{ EventId: id, EventStatus: 'Started' }] });
  });

  test.each([['2017-08-01', []], ['2017-11-01', []], ['2019-04-01', ['Description']], ['2019-08-01', ['Description', 'EventSource']], [NEWEST, ['Description', 'EventSource', 'DurationInSeconds']]])(
    'have in version %s what that version knows',
    (version, properties) => {
      const { events, ask } = node();
      events.preempt(NOW + 30_000);
      const { Events: [event] } = ask({ url: `/metadata/scheduledevents?api-version=${version}` }).body as { Events: object[] };
      if (version === '2017-08-01') expect(event).toBeUndefined();
      else expect(Object.keys(event ?? {}).filter((name) => ['Description', 'EventSource', 'DurationInSeconds'].includes(name))).toEqual(properties);
    },
  );

  test.each<[string, Partial<MetadataRequest>, number, RegExp]>([
    ['without the header', { headers: {} }, 400, /Required metadata header not specified/],
    ['with another value in it', { headers: { metadata: 'false' } }, 400, /Required metadata header/],
    ['that was passed on', { headers: { metadata: 'true', 'x-forwarded-for': '10.0.0.1' } }, 400, /X-Forwarded-For/],
    ['without a version', { url: '/metadata/scheduledevents' }, 400, /api-version was not specified/],
    ['of a version that is none', { url: '/metadata/scheduledevents?api-version=latest' }, 400, /api-version is invalid/],
    ['for something else', { url: `/metadata/attested?api-version=${NEWEST}` }, 404, /Not found/],
    ['by another method', { method: 'PUT' }, 405, /not allowed/],
    ['to start without a body', { method: 'POST' }, 400, /StartRequests/],
    ['to start with a body that is no JSON', { method: 'POST', body: '{' }, 400, /StartRequests/],
    ['to start nothing', { method: 'POST', body: '{"StartRequests": []}' }, 400, /StartRequests/],
    ['to start what has no id', { method: 'POST', body: '{"StartRequests": [{"EventId": 3}]}' }, 400, /StartRequests/],
    ['to start an event that is none', { method: 'POST', body: '{"StartRequests": [{"EventId": "C7061BAC-AFDC-4513-B24B-AA5F13A16123"}]}' }, 400, /no such event/],
  ])('answer no request %s', (_, change, status, error) => {
    const { clock, events, ask } = node();
    events.preempt(NOW + 30_000);
    expect(ask(change)).toMatchObject({ status, body: { error: expect.stringMatching(error) } });
    expect(clock.approvals).toBe(0);
  });

  test('are found whatever the case of the path and its end', () => {
    expect(node().ask({ url: `/metadata/ScheduledEvents/?api-version=${NEWEST}` }).status).toBe(200);
  });
});
