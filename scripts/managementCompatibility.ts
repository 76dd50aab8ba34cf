import { groupBy } from '../src/base/groups.ts';
import { managementContract } from '../src/wire/management/contract.ts';
import { managementFatesOf, managementShapesWithin, type ManagementFate } from '../src/wire/management/fates.ts';
import { MANAGEMENT_ROWS, type ManagementRow } from '../src/wire/management/operations.ts';
import type { Shapes } from '../src/wire/management/types.generated.ts';
import { MANAGEMENT_VERSIONS } from '../src/wire/management/versions.ts';
import { code, codes, span, table } from './markdown.ts';

/** What of the document is about Azure Resource Manager. */
export function managementParts(): readonly string[] {
  return [versions(), ...PROVIDERS.map(operationsOf), properties()];
}

const ROWS: readonly ManagementRow[] = MANAGEMENT_ROWS;

function versions(): string {
  return [
    '## Azure Resource Manager',
    `Versions of Microsoft.Batch: ${codes(MANAGEMENT_VERSIONS.map(({ text }) => text))}. Any other date is taken, and served as the newest of these that is not younger. They go by the revisions of the data plane: ${MANAGEMENT_VERSIONS.map(({ text, revision }) => `${code(text)} is ${revision}`).join(', ')}.`,
    "An operation that the request's version does not have is refused with 404 `InvalidResourceType`, a property with 400 `InvalidRequestBody`, an OData parameter that stands at no operation below with 400 `InvalidQueryParameterValue`.",
    'A contract test asks each operation of Microsoft.Batch in each of these versions that has it, and holds the answer to the OpenAPI facts of that version.',
  ].join('\n\n');
}

/** Sections of the document, by what the ids of their operations begin with. */
const PROVIDERS = [
  { title: 'Microsoft.Batch', path: '/Microsoft.Batch/' },
  { title: 'Microsoft.Storage', path: '/Microsoft.Storage/' },
  { title: 'Microsoft.ManagedIdentity', path: '/Microsoft.ManagedIdentity/' },
  { title: 'Microsoft.Authorization', path: '/Microsoft.Authorization/' },
] as const;

function operationsOf({ title, path: within }: (typeof PROVIDERS)[number]): string {
  const rows = ROWS.filter(({ path }) => path.includes(within)).map((row) => [code(row.id), code(`${row.method} ${shortened(row.path)}`), span(row), codes(row.conditional ?? []), codes(row.query ?? [])]);
  return `### ${title}\n\n${table(['operation', 'request', 'versions', 'conditional headers', 'query'], rows)}`;
}

/** Without what all paths begin with. */
function shortened(path: string): string {
  return path.replace('/subscriptions/{subscriptionId}', '').replace('/resourceGroups/{resourceGroupName}/providers', '…').replace('/providers', '…');
}

function properties(): string {
  const shapes = managementShapesWithin(ROWS.flatMap(({ shape }) => (shape === undefined ? [] : [shape])));
  const rows = shapes.flatMap((shape) => {
    const byFate = groupBy(managementContract.rowsOf(shape).flatMap(([name, property]) => managementFatesOf(shape, name).map((fate) => ({ name, property, fate }))), ({ fate }) => inWords(fate));
    return [...byFate].map(([words, members]) => [title(shape), members.map(({ name, property }) => (span(property) === '' ? code(name) : `${code(name)} (${span(property)})`)).join(', '), words]);
  });
  return [
    '### Properties of requests',
    'Every property that an operation can be sent is honoured, or refused, or kept, answered as sent and not enforced; what only answers have is taken when clients send it back, and changes nothing. What is within a pool, from its image to its mounts, has the fate that it has in the data plane, above.',
    table(['object', 'property', 'what happens'], rows),
  ].join('\n\n');
}

function title(shape: keyof Shapes): string {
  const users = ROWS.filter((row) => row.shape === shape).map(({ id }) => code(id));
  return users.length === 0 ? shape : `${shape}, body of ${users.join(', ')}`;
}

function inWords(fate: ManagementFate): string {
  switch (fate.kind) {
    case 'honoured':
      return 'honoured';
    case 'refused':
      return `refused with 400 \`UnsupportedProperty\`: ${fate.reason}`;
    case 'kept':
      return `kept, not enforced: ${fate.reason}`;
    case 'unheard':
      return 'part of answers alone';
  }
}
