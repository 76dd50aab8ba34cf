import type { ProviderRule } from '../../../nodes/byPool/choice.ts';
import { agentUrlAt } from '../../../nodes/remote/service.ts';
import { messageOf } from '../../../base/errors.ts';
import { type MakeProvider, PROVIDER_KIND_NAMES, PROVIDER_KINDS, thisMachine } from './kinds.ts';
import { Mapping } from './place.ts';

/** What a service is told of where its nodes come from. */
export interface Providers {
  /** `https://HOST:PORT` where nodes of other machines reach it; null: what it listens at. */
  readonly service: string | null;
  /** In the order of the file; `local` is always there. */
  readonly makers: ReadonlyMap<string, MakeProvider>;
  readonly rules: readonly ProviderRule[];
  readonly byDefault: string;
}

export const LOCAL = 'local';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** @throws BadProviders */
export function providersOf(file: Mapping): Providers {
  const service = file.optionalText('service') ?? null;
  if (service !== null) checkAddress(file, service);
  const makers = new Map<string, MakeProvider>([[LOCAL, thisMachine]]);
  const lines = new Map<string, number>();
  for (const one of file.optionalMappings('providers') ?? []) {
    const { name, make } = providerOf(one);
    const before = lines.get(name);
    if (before !== undefined) throw one.bad('name', `there is a provider ${name} in line ${before} already.`);
    lines.set(name, one.line);
    makers.set(name, make);
  }
  const known = (mapping: Mapping, property: string, name: string): string => {
    if (!makers.has(name)) throw mapping.bad(property, `there is no provider ${name}: there are ${[...makers.keys()].join(', ')}.`);
    return name;
  };
  const rules = (file.optionalMappings('rules') ?? []).map((one) => ruleOf(one, known(one, 'provider', one.text('provider'))));
  const byDefault = known(file, 'default', file.optionalText('default') ?? LOCAL);
  file.end();
  return { service, makers, rules, byDefault };
}

/** What `--provider` alone says: a kind that needs no configuration. @throws BadProviders */
export function providersOfKind(kind: string): Providers {
  return providersOf(new Mapping(1, [['default', { value: kind, line: 1 }], ...(kind === LOCAL ? [] : [['providers', { value: [new Mapping(1, [['kind', { value: kind, line: 1 }]])], line: 1 }] as const])]));
}

function providerOf(one: Mapping): { readonly name: string; readonly make: MakeProvider } {
  const kind = one.optionalOneOf('kind', PROVIDER_KIND_NAMES) ?? missing(one, 'kind');
  const name = one.optionalText('name') ?? kind;
  if (!NAME.test(name)) throw one.bad('name', 'it has letters, digits, dots, hyphens and underscores, 63 at most.');
  if ((name === LOCAL) !== (kind === LOCAL)) throw one.bad('name', `${LOCAL} is the provider of this machine's nodes, and no other.`);
  const make = PROVIDER_KINDS[kind](one);
  one.end();
  return { name, make };
}

function ruleOf(one: Mapping, provider: string): ProviderRule {
  const [pools, vmSizes, images] = [one.optionalTexts('pools'), one.optionalTexts('vmSizes'), one.optionalTexts('images')];
  if (pools === undefined && vmSizes === undefined && images === undefined) throw one.bad('provider', 'a rule has pools, vmSizes or images; for all others there is default.');
  one.end();
  return { provider, ...(pools === undefined ? {} : { pools }), ...(vmSizes === undefined ? {} : { vmSizes }), ...(images === undefined ? {} : { images }) };
}

function checkAddress(file: Mapping, service: string): void {
  try {
    agentUrlAt(service);
  } catch (error) {
    throw file.bad('service', `${messageOf(error)}.`);
  }
}

function missing(one: Mapping, property: string): never {
  throw one.bad(property, 'it is missing.');
}

