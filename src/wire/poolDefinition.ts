import { dataContract, type ShapeName } from './dataContract.ts';
import { withPoolDefaults, type PoolWithDefaults } from './defaults.ts';
import { formatDuration } from './durations.ts';
import { lowerAscii } from './letters.ts';
import { poolFromArm } from './management/pool/fromArm.ts';
import { isObject } from './management/pool/spelling.ts';
import type { PropertyRow } from './shapes/definition.ts';
import { API_VERSIONS, NEWEST_API_VERSION, type ApiVersion } from './versions.ts';

/**
 * How a pool is written down: `rest`, the body of the data plane's Add Pool; `arm`, a resource of Resource Manager or a
 * template that holds one (`properties`, `scaleSettings`, `deploymentConfiguration`); `az`, what `az batch pool create
 * --json-file` takes, in which names may have any case and underscores, and what `az batch pool show` prints.
 */
type PoolForm = 'rest' | 'arm' | 'az';

export interface PoolDefinition {
  readonly form: PoolForm;
  readonly pool: PoolWithDefaults;
}

/** A text that defines no pool; the message says what is missing. */
export class NoPoolDefinition extends Error {}

type Json = Readonly<Record<string, unknown>>;

const ARM_TYPE = 'microsoft.batch/batchaccounts/pools';

/**
 * Reads a pool in any of its forms, with the contract's own checks and defaults. `otherwise`: its id, where it says
 * none.
 * @throws BatchError for what the service would refuse, NoPoolDefinition
 */
export function readPoolDefinition(json: unknown, otherwise: string): PoolDefinition {
  const { form, body } = dataPlaneBody(pooled(json));
  const facts = { youngest: NEWEST_API_VERSION.revision as number, isLoose: false };
  const named = { id: otherwise, ...(inNames('PoolAdd', body, facts) as Json) };
  const version = versionOf(facts.youngest);
  return { form: form === 'rest' && facts.isLoose ? 'az' : form, pool: withPoolDefaults(dataContract.readBody('PoolAdd', version, named), version) };
}

/** The pool itself: a template holds it among its resources, one of the retired extension of `az` under `pool`. */
function pooled(json: unknown): Json {
  if (!isObject(json)) throw new NoPoolDefinition('a pool is an object, {"id": …} or {"properties": {…}}');
  const { resources, pool } = json;
  if (isObject(pool) && json['vmSize'] === undefined) return pool;
  const among = Array.isArray(resources) ? resources : isObject(resources) ? Object.values(resources) : null;
  if (among === null || json['properties'] !== undefined) return json;
  const found = among.filter(isObject).find(({ type }) => typeof type === 'string' && lowerAscii(type).split('@')[0] === ARM_TYPE);
  if (found === undefined) throw new NoPoolDefinition(`the template has no resource of the type Microsoft.Batch/batchAccounts/pools`);
  return found;
}

function dataPlaneBody(pool: Json): { readonly form: 'rest' | 'arm'; readonly body: Json } {
  const { properties = pool, name } = pool;
  if (!isObject(properties)) throw new NoPoolDefinition('"properties" of the pool is no object');
  if (['deploymentConfiguration', 'scaleSettings', 'interNodeCommunication'].every((only) => properties[only] === undefined)) return { form: 'rest', body: properties };
  const id = typeof name === 'string' ? name.split('/').at(-1) : undefined;
  return { form: 'arm', body: { ...(id !== undefined && ID.test(id) ? { id } : {}), ...poolFromArm(properties) } };
}

/** Names of templates are often expressions. */
const ID = /^[\w-]{1,64}$/;

interface Facts {
  /** The newest revision that has all properties. */
  youngest: number;
  /** A name or a value was not as the data plane writes it. */
  isLoose: boolean;
}

/**
 * The same with the names of the shape table, whatever their case. What only answers carry is left out; a name that
 * nobody knows stays, for the contract to refuse.
 */
function inNames(shape: ShapeName, value: unknown, facts: Facts): unknown {
  if (!isObject(value)) return value;
  const rows = new Map<string, readonly [string, PropertyRow]>();
  for (const row of dataContract.rowsOf(shape)) {
    rows.set(lowerAscii(row[0]), row);
    if (row[1].formerly !== undefined) rows.set(lowerAscii(row[1].formerly.name), row);
  }
  const named: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const row = rows.get(lowerAscii(key).replaceAll('_', ''));
    if (row === undefined && shape === 'PoolAdd' && ANSWERED.has(lowerAscii(key).replaceAll('_', ''))) facts.isLoose = true;
    else if (row === undefined) named[key] = item;
    else {
      const [name, { type, list, until }] = row;
      const isEmpty = item === null || item === undefined;
      facts.isLoose ||= name !== key || isEmpty;
      if (isEmpty || row[1].readOnly === true) continue;
      if (until !== undefined) facts.youngest = Math.min(facts.youngest, until);
      named[name] = list === true && Array.isArray(item) ? item.map((each) => inType(type, each, facts)) : inType(type, item, facts);
    }
  }
  return named;
}

function inType(type: string, value: unknown, facts: Facts): unknown {
  if (dataContract.isShape(type)) return inNames(type, value, facts);
  if (type !== 'duration' || typeof value !== 'string') return value;
  const ms = clockMs(value);
  if (ms === undefined) return value;
  facts.isLoose = true;
  return formatDuration(ms);
}

/** A duration as Python prints it: `0:05:00`, `1 day, 2:00:00`. */
function clockMs(text: string): number | undefined {
  const [whole, days = '0', hours, minutes, seconds] = /^(?:(\d+) days?, )?(\d{1,2}):(\d\d):(\d\d)$/.exec(text) ?? [];
  return whole === undefined ? undefined : (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
}

/** What answers say of a pool beside its definition: in the data plane, in Resource Manager, in `az`. */
const ANSWERED: ReadonlySet<string> = new Set([
  ...dataContract.rowsOf('Pool').map(([name]) => lowerAscii(name)),
  'provisioningstate', 'provisioningstatetransitiontime', 'resizeoperationstatus', 'identity', 'tags', 'type', 'name', 'apiversion', 'odata.metadata',
]);

function versionOf(youngest: number): ApiVersion {
  const found = API_VERSIONS.findLast(({ revision }) => revision <= youngest);
  return found === undefined ? NEWEST_API_VERSION : { ...found, newer: false };
}
