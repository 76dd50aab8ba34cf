// Writes the generated part of docs/compatibility.md from the tables. Run: node --import tsx
// scripts/generate-compatibility.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { groupBy } from '../src/base/groups.ts';
import { handlers } from '../src/api/data/handlers.ts';
import { type ShapeName, dataContract } from '../src/wire/dataContract.ts';
import { fatesOf, shapesWithin, type Fate } from '../src/wire/fates.ts';
import { filterTables } from '../src/wire/filters.ts';
import { operations, type Operation } from '../src/wire/operations.ts';
import type { PropertyRow } from '../src/wire/shapes/definition.ts';
import { API_VERSIONS, NEWEST_API_VERSION } from '../src/wire/versions.ts';
import { managementParts } from './managementCompatibility.ts';
import { code, codes, span, table } from './markdown.ts';

export const compatibilityFile = new URL('../docs/compatibility.md', import.meta.url);

const marker = '<!-- Generated from here on by scripts/generate-compatibility.ts. Do not edit below this line. -->';

/** The whole document: what stands above the marker is written by hand and kept. */
export function generateCompatibility(before: string): string {
  const end = before.indexOf(marker);
  if (end < 0) throw new Error('the document has lost its marker');
  const parts = [versions(), operationsBegin, ...resources.map(operationsOf), notServed(), properties(), filters(), ...managementParts()];
  return `${before.slice(0, end)}${marker}\n\n${parts.join('\n\n')}\n`;
}

function isServed({ id }: Operation): boolean {
  return handlers[id] !== undefined;
}

/** Sections of the document, by the beginnings of their operations' ids. */
const resources = [
  { title: 'Pools', prefixes: ['Pool_'] },
  { title: 'Nodes', prefixes: ['ComputeNode_', 'ComputeNodeExtension_'] },
  { title: 'Jobs', prefixes: ['Job_'] },
  { title: 'Job schedules', prefixes: ['JobSchedule_'] },
  { title: 'Tasks', prefixes: ['Task_'] },
  { title: 'Files', prefixes: ['File_'] },
  { title: 'Account', prefixes: ['Account_'] },
  { title: 'Applications', prefixes: ['Application_'] },
] as const;

type Resource = (typeof resources)[number];

function versions(): string {
  const known = codes(API_VERSIONS.map(({ text }) => text));
  return [
    '## API versions',
    `Served: ${known}. A newer one, up to today's date, is served as ${code(NEWEST_API_VERSION.text)}; any other is refused with 400 \`UnsupportedRequestVersion\`.`,
    'Below, versions go by their revision, the middle number: `2022-10-01.16.0` is 16; `2025-06-01` is 25. "12+" means known from that one on, "–19" up to that one.',
  ].join('\n\n');
}

const operationsBegin = [
  '## Operations',
  'Conditional headers: "all four" are `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since`, "dates" the last two; where none is named they are refused with 400 `UnsupportedHeader`.',
].join('\n\n');

const conditionals = { all4: 'all four', time: 'dates', none: '' } as const;

function operationsOf({ title, prefixes }: Resource): string {
  const rows = operations
    .filter((operation) => isServed(operation) && prefixes.some((prefix) => operation.id.startsWith(prefix)))
    .map((operation) => [code(operation.id), code(request(operation)), span(operation), conditionals[operation.conditional], queries(operation)]);
  return `### ${title}\n\n${table(['operation', 'request', 'versions', 'conditional headers', 'query'], rows)}`;
}

function request({ method, path }: Operation): string {
  return `${method} ${path}`;
}

function queries({ query = [] }: Operation): string {
  return query.map(code).join(', ');
}

function notServed(): string {
  const rows = operations.filter((operation) => !isServed(operation)).map((operation) => [code(operation.id), code(request(operation)), span(operation)]);
  if (rows.length === 0) return 'No operation of the data plane is left out.';
  return [
    '### Not served',
    'Known, and answered with 501 `NotImplemented`, the one 5xx that no SDK repeats.',
    table(['operation', 'request', 'versions'], rows),
  ].join('\n\n');
}

function properties(): string {
  const served = operations.filter(isServed);
  const shapes = shapesWithin(served.flatMap(({ body }) => (body === undefined ? [] : [body])));
  const inFull = shapes.filter((shape) => fatesIn(shape).every(({ fate }) => fate.kind === 'honoured'));
  return [
    '## Properties of requests',
    [
      'Every property that a served operation can be sent is honoured, or refused, or accepted and not enforced: then it is kept and answered as sent.',
      'In brackets: the part of Linarite that acts on it (`api` checks, keeps and answers; `core` decides; `agent` acts on the node), and the versions that know it.',
      "A property that the request's version does not know, or nobody knows, is refused with 400 `InvalidRequestBody`. Objects within objects have rows of their own.",
    ].join('\n'),
    ...shapes.filter((shape) => !inFull.includes(shape)).map((shape) => `### ${title(shape)}\n\n${table(['property', 'what happens'], propertyRows(shape))}`),
    '### Honoured in full',
    table(['object', 'property', 'what happens'], inFull.flatMap((shape) => propertyRows(shape).map((cells) => [title(shape), ...cells]))),
  ].join('\n\n');
}

function title(shape: ShapeName): string {
  const users = operations.filter((operation) => isServed(operation) && operation.body === shape).map(({ id }) => code(id));
  return users.length === 0 ? shape : `${shape}, body of ${users.join(', ')}`;
}

function fatesIn(shape: ShapeName): readonly { readonly name: string; readonly property: PropertyRow; readonly fate: Fate }[] {
  const properties = dataContract.rowsOf(shape).filter(([, property]) => property.readOnly !== true);
  return properties.flatMap(([name, property]) => fatesOf(shape, name).map((fate) => ({ name, property, fate })));
}

/** One row for all that have the same fate. */
function propertyRows(shape: ShapeName): readonly (readonly [string, string])[] {
  const byFate = groupBy(fatesIn(shape), ({ fate }) => inWords(fate));
  return [...byFate].map(([words, properties]) => [properties.map(({ name, property }) => propertyName(name, property)).join(', '), words]);
}

function propertyName(name: string, property: PropertyRow): string {
  const { formerly } = property;
  const known = [span(property), formerly === undefined ? '' : `${code(formerly.name)} to ${formerly.until}`].filter((part) => part !== '');
  return known.length === 0 ? code(name) : `${code(name)} (${known.join('; ')})`;
}

const exceptions = { empty: ' unless empty', false: ' unless false' } as const;

function inWords(fate: Fate): string {
  switch (fate.kind) {
    case 'honoured':
      return `honoured (${fate.by})`;
    case 'refused':
      return `refused with 400 \`UnsupportedProperty\`${fate.unless === undefined ? '' : exceptions[fate.unless]}: ${fate.reason}`;
    case 'accepted':
      return `accepted, not enforced: ${fate.reason}`;
  }
}

function filters(): string {
  const rows = operations.filter(isServed).flatMap(({ id }) => {
    const byOperators = groupBy(Object.entries(filterTables[id] ?? {}), ([, operators]) => codes(operators));
    return [...byOperators].map(([operators, found]) => [code(id), codes(found.map(([path]) => path)), operators]);
  });
  return [
    '## What lists can be filtered by',
    'Comparisons join with `and`, `or`, `not` and brackets. Anything else in a `$filter` is refused with 400 `InvalidQueryParameterValue`. `$select` takes every property that the operation answers.',
    table(['list', 'properties', 'operators'], rows),
  ].join('\n\n');
}

if (process.argv[1]?.endsWith('generate-compatibility.ts')) {
  writeFileSync(compatibilityFile, generateCompatibility(readFileSync(compatibilityFile, 'utf8')));
}
