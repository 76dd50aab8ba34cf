import { InvalidArgumentError, Option } from 'commander';
import type { TrustedIssuer } from '../../api/identity/outsideIssuers.ts';
import { isSafe } from '../../api/identity/outsideKeys.ts';

const FLAG = '--issuer';
const MOST_ISSUERS = 20;
const FORM = 'an address like https://sts.windows.net/TENANT/ exactly as tokens name it, then audiences where they are not those of Batch: URL,audience=NAME';

/** Outside issuers whose tokens are taken (docs/identity.md). */
export function issuerOption(): Option {
  return new Option(`${FLAG} <url[,audience=name...]>`, 'take tokens of that OpenID Connect issuer, Microsoft Entra for one; may be given several times').argParser(addIssuer);
}

function addIssuer(text: string, before: readonly TrustedIssuer[] = []): readonly TrustedIssuer[] {
  const [issuer = '', ...rest] = text.split(',');
  const audiences = rest.map((part) => /^audience=(\S+)$/.exec(part)?.[1]);
  if (!isSafe(issuer) || !audiences.every((audience) => audience !== undefined)) throw new InvalidArgumentError(FORM);
  if (before.some((one) => one.issuer === issuer)) throw new InvalidArgumentError(`${issuer} is given twice`);
  if (before.length >= MOST_ISSUERS) throw new InvalidArgumentError(`${MOST_ISSUERS} issuers at most`);
  return [...before, { issuer, audiences }];
}

/** As the next process is told. */
export function issuerFlags(issuers: readonly TrustedIssuer[]): string[] {
  return issuers.map(({ issuer, audiences }) => `${FLAG}=${[issuer, ...audiences.map((audience) => `audience=${audience}`)].join(',')}`);
}

export function sameIssuers(one: readonly TrustedIssuer[], other: readonly TrustedIssuer[]): boolean {
  return JSON.stringify(issuerFlags(one)) === JSON.stringify(issuerFlags(other));
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isIssuers(value: unknown): value is readonly TrustedIssuer[] | undefined {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((one: unknown) => {
    if (typeof one !== 'object' || one === null) return false;
    const audiences: unknown = Reflect.get(one, 'audiences');
    return typeof Reflect.get(one, 'issuer') === 'string' && Array.isArray(audiences) && audiences.every((audience) => typeof audience === 'string');
  });
}
