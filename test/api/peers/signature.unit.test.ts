import { describe, expect, test } from 'vitest';
import { FRESH_MS, PeerSignatures, signAsk } from '../../../src/api/peers/signature.ts';

const SECRET = Buffer.from('what processes of one database share');
const ASK = { method: 'POST', path: '/linarite/internal/wake', body: '{"account":1}' };
const NOW = 1_800_000_000_000;

function process(now = { value: NOW }): PeerSignatures {
  return new PeerSignatures(SECRET, () => now.value);
}

describe('a request of another process', () => {
  test('is taken once', () => {
    const [one, other] = [process(), process()];
    const signed = one.sign(ASK);
    expect(other.isGood(signed, ASK)).toBe(true);
    expect(other.isGood(signed, ASK)).toBe(false);
  });

  test.each([
    ['another path', { ...ASK, path: '/linarite/internal/close' }],
    ['another body', { ...ASK, body: '{"account":2}' }],
    ['another method', { ...ASK, method: 'GET' }],
  ])('is refused with the signature of %s', (_what, asked) => {
    expect(process().isGood(process().sign(ASK), asked)).toBe(false);
  });

  test('is refused without a signature, with one of another secret, and with a text that is none', () => {
    expect(process().isGood(undefined, ASK)).toBe(false);
    expect(process().isGood(signAsk(Buffer.from('another one'), ASK, NOW), ASK)).toBe(false);
    expect(process().isGood(`v1 ${NOW} short`, ASK)).toBe(false);
  });

  test('is refused when it is old, or of a time that has not come', () => {
    expect(process().isGood(signAsk(SECRET, ASK, NOW - FRESH_MS), ASK)).toBe(true);
    expect(process().isGood(signAsk(SECRET, ASK, NOW - FRESH_MS - 1), ASK)).toBe(false);
    expect(process().isGood(signAsk(SECRET, ASK, NOW + FRESH_MS + 1), ASK)).toBe(false);
  });

  test('is refused the second time as long as it would be fresh, however many came between', () => {
    const now = { value: NOW };
    const taker = process(now);
    const kept = signAsk(SECRET, ASK, NOW + FRESH_MS);
    expect(taker.isGood(kept, ASK)).toBe(true);
    for (; now.value < NOW + 2 * FRESH_MS; now.value += 1_000) {
      expect(taker.isGood(signAsk(SECRET, ASK, now.value), ASK)).toBe(true);
      expect(taker.isGood(kept, ASK), `after ${now.value - NOW} ms`).toBe(false);
    }
  });
});
