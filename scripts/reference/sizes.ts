import { groupBy } from '../../src/base/groups.ts';
import { hourlyPrice, PRICED_REGIONS } from '../../src/wire/sizes/prices.ts';
import { TABLE, type VmSize } from '../../src/wire/sizes/table.ts';
import { code, table } from '../markdown.ts';

/** Every machine size of the table, by family, with its prices. */
export function sizesPage(): string {
  const families = groupBy([...TABLE.values()], ({ family }) => family);
  return [
    '# Sizes of nodes',
    'What a pool\'s `vmSize` may be, in any case of letters. Sizes that are not here are read by the naming convention (`Standard_D4s_v5`: 4 cores), unless their series is; a file of your own adds sizes and prices: [sizes, prices and cost](../cost.md).',
    'Prices are US dollars for an hour of one node with Linux, dedicated and low-priority: the price list of West Europe, and that of East US of June 2023, whose low-priority prices are worked out by the usual discount. Nothing else is looked up, and no price is promised: the vendor\'s own list holds.',
    'Disk is the temporary disk. An empty cell: not known here, or no such node.',
    ...[...families].map(([family, sizes]) => `## ${family}\n\n${table(['size', 'cores', 'memory GiB', 'disk GiB', 'GPUs', ...PRICED_REGIONS.flatMap((region) => [`${region}, dedicated`, `${region}, low`])], sizes.map(cells))}`),
  ].join('\n\n');
}

function cells({ displayName, name, cores, memoryMiB, temporaryDiskMiB, gpus }: VmSize): readonly string[] {
  const prices = PRICED_REGIONS.flatMap((region) => [hourlyPrice(name, 'dedicated', region), hourlyPrice(name, 'low', region)]);
  return [code(displayName), String(cores), String(memoryMiB / 1024), temporaryDiskMiB === null ? '' : String(temporaryDiskMiB / 1024), gpus === null || gpus === 0 ? '' : String(gpus), ...prices.map((price) => (price === null ? '' : String(price)))];
}
