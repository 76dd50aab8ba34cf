import { availableParallelism } from 'node:os';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

export interface AccountOptions extends TargetFlags {
  readonly json?: boolean;
}

interface Numbers<Value> {
  readonly dedicatedCores: Value;
  readonly lowPriorityCores: Value;
  readonly pools: Value;
  readonly activeJobs: Value;
  readonly families: Readonly<Record<string, number>>;
}

/** What the service answers (docs/cost.md); null: no bound. */
interface Account {
  readonly quotas: Numbers<number | null>;
  readonly inUse: Numbers<number>;
}

const NAMES = { dedicated: 'dedicatedCores', low: 'lowPriorityCores', pools: 'pools', jobs: 'activeJobs' } as const;
const LABELS: Readonly<Record<keyof typeof NAMES, string>> = { dedicated: 'dedicated cores', low: 'low-priority cores', pools: 'pools', jobs: 'active jobs and schedules' };

/** `linarite account show`. @throws CommandError */
export async function show(options: AccountOptions): Promise<void> {
  const text = await ask(targetOf(options), { path: '/linarite/account' });
  console.log(options.json === true ? text : describe(JSON.parse(text) as Account).join('\n'));
}

/** `linarite account set`. @throws CommandError: usage for a quota that is none. */
export async function set({ quota, ...options }: AccountOptions & { readonly quota: string }): Promise<void> {
  const text = await ask(targetOf(options), { method: 'PATCH', path: '/linarite/account', body: { quotas: readQuotas(quota) } });
  console.log(describe(JSON.parse(text) as Account).join('\n'));
}

const FAMILY = 'family:';
type Value = number | null | 'default';

/** `dedicated=100,low=none,family:standardDv3Family=10` as the service takes it. @throws CommandError usage. */
export function readQuotas(list: string): Readonly<Record<string, Value | Readonly<Record<string, Value>>>> {
  const quotas: Record<string, Value> = {};
  const families: Record<string, Value> = {};
  for (const part of list.split(',')) {
    const [name = '', value = ''] = part.trim().split('=');
    const known = Object.entries(NAMES).find(([key]) => key === name)?.[1];
    if (name.startsWith(FAMILY)) families[name.slice(FAMILY.length)] = valueOf(part, value);
    else if (known === undefined) throw new CommandError(EXIT.usage, `there is no quota "${name}" in "${part}": ${Object.keys(NAMES).join(', ')} and ${FAMILY}NAME can be set`);
    else quotas[known] = valueOf(part, value);
  }
  return { ...quotas, ...(Object.keys(families).length === 0 ? {} : { families }) };
}

function valueOf(part: string, text: string): Value {
  if (text === 'default') return text;
  if (text === 'none') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError(EXIT.usage, `"${part}" sets nothing: a quota is a whole number, none or default, as in dedicated=100`);
}

function describe({ quotas, inUse }: Account): string[] {
  const rows = (Object.keys(NAMES) as (keyof typeof NAMES)[]).map((name) => [LABELS[name], String(inUse[NAMES[name]]), bound(quotas[NAMES[name]])]);
  const used = new Map(Object.entries(inUse.families).map(([family, cores]) => [family.toLowerCase(), { family, cores }]));
  const families = [...new Set([...used.keys(), ...Object.keys(quotas.families)])].map((key) => [`  of ${used.get(key)?.family ?? key}`, String(used.get(key)?.cores ?? 0), bound(quotas.families[key] ?? null)]);
  const table = [['', 'in use', 'quota'], ...rows, ...families];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return [...table.map(([label = '', use = '', quota = '']) => `${label.padEnd(widths[0] ?? 0)}  ${use.padStart(widths[1] ?? 0)}  ${quota}`), `this machine has ${availableParallelism()} cores, whatever sizes its nodes have`];
}

function bound(quota: number | null): string {
  return quota === null ? 'none' : String(quota);
}
