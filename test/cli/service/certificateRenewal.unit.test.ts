import { expect, test } from 'vitest';
import type { TlsIdentity } from '../../../src/api/certificates.ts';
import { certificateRenewal } from '../../../src/cli/service/process/certificateRenewal.ts';

const DAY_MS = 86_400_000;
function identity(chain: string, renewOn: number) {
  return { chain, key: '', renewAt: new Date(renewOn * DAY_MS) };
}

/** A port and one further address, over days. */
function port() {
  let day = 0;
  let provided = identity('first', 100);
  const shown = { main: '', further: '' };
  const listenerOf = (place: keyof typeof shown) => ({ replaceCertificate: ({ chain }: TlsIdentity) => void (shown[place] = chain) });
  const acts: string[] = [];
  const look = certificateRenewal({
    main: listenerOf('main'),
    identity: provided,
    provide: async () => provided,
    further: new Map([['127.8.0.1', listenerOf('further')]]),
    named: { of: async (name) => identity(`of ${name} on day ${day}`, 0), forget: () => void acts.push('forget') },
    now: () => new Date(day * DAY_MS),
    onRenewed: () => void acts.push('renewed'),
  });
  return {
    acts,
    shown,
    lookOn: (on: number, next = provided) => {
      [day, provided] = [on, next];
      return look();
    },
  };
}

test('a certificate is shown until it is near its end, and then the next one, until that is', async () => {
  const { acts, shown, lookOn } = port();
  await lookOn(99, identity('second', 200));
  expect([shown.main, acts]).toEqual(['', []]);
  await lookOn(100);
  expect([shown.main, acts]).toEqual(['second', ['forget', 'renewed']]);
  await lookOn(199, identity('third', 300));
  expect(shown.main).toBe('second');
  await lookOn(200);
  expect([shown.main, acts]).toEqual(['third', ['forget', 'renewed', 'forget', 'renewed']]);
});

test('further addresses show what is valid for them at each look, whatever the port shows', async () => {
  const { shown, lookOn } = port();
  await lookOn(50);
  expect(shown).toEqual({ main: '', further: 'of 127.8.0.1 on day 50' });
});
