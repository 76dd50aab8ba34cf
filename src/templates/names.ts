import { murmurHash64, sha1 } from './hashes.ts';
import type { Json } from './json.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** Azure documentation, `guid` function: the namespace of the UUIDs that templates make. */
const GUID_NAMESPACE = '11fb06fb712d4ddd98c7e71bbd588830';

/** `uniqueString()`: the same 13 letters as the real service gives for the same texts. */
export function uniqueString(texts: readonly string[]): string {
  const bits = murmurHash64(texts.join('-')) << 1n;
  return Array.from({ length: 13 }, (_, index) => BASE32.charAt(Number((bits >> BigInt(60 - 5 * index)) & 31n))).join('');
}

/** `guid()`: a UUID of version 5, the same as the real service gives for the same texts. */
export function guid(texts: readonly string[]): string {
  const namespace = Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(GUID_NAMESPACE.slice(2 * index, 2 * index + 2), 16));
  const bytes = sha1(Uint8Array.from([...namespace, ...new TextEncoder().encode(texts.join('-'))])).subarray(0, 16);
  const digits = Array.from(bytes, (byte, index) => (index === 6 ? (byte & 0x0f) | 0x50 : index === 8 ? (byte & 0x3f) | 0x80 : byte))
    .map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}

/** `templateHash`: of the template without blanks, in upper case (documented answer of `calculateTemplateHash`). */
export function templateHash(template: Json): string {
  return murmurHash64(JSON.stringify(template).toUpperCase()).toString();
}
