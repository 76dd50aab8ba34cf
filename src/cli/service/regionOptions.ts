import { InvalidArgumentError, Option } from 'commander';
import { isLocation, locationName, LOCATIONS } from '../../wire/management/locations.ts';
import { wholeNumber } from '../wholeNumber.ts';

/** Where a service says that it is, and what its subscription may have there. */
export interface RegionOptions {
  /** As `westeurope`; undefined: where its first account is, or the default. */
  readonly region?: string;
  /** How many Batch accounts a region may have; undefined: `LIMITS.accountsPerRegion`. */
  readonly accountsPerRegion?: number;
  /** Cores of all accounts in user subscription mode together, in each region; undefined: no bound. */
  readonly subscriptionCores?: number;
}

/** What a user may say of it. */
export type RegionWishes = RegionOptions;

const FLAGS = { region: '--region', accountsPerRegion: '--accounts-per-region', subscriptionCores: '--subscription-cores' } as const;
const NAMES = Object.keys(FLAGS) as (keyof RegionOptions)[];

export function regionOptions(): readonly Option[] {
  return [
    new Option(`${FLAGS.region} <name>`, 'the region of Azure that the service stands for, for good (default: westeurope)').argParser(readRegion),
    new Option(`${FLAGS.accountsPerRegion} <count>`, 'how many Batch accounts a region may have (default: 1000)').argParser(wholeNumber(1, 1_000_000)),
    new Option(`${FLAGS.subscriptionCores} <count>`, 'cores that all accounts in user subscription mode may have together in a region (default: no bound)').argParser(wholeNumber(0, 1_000_000_000)),
  ];
}

/** `West Europe` and `westeurope` are one region. */
function readRegion(text: string): string {
  if (isLocation(text)) return locationName(text);
  throw new InvalidArgumentError(`there is no such region: it is one of ${LOCATIONS.map(({ name }) => name).join(', ')}`);
}

/** What holds: as wished, or else as before. */
export function decideRegion(wishes: RegionWishes, former: RegionOptions | undefined): RegionOptions {
  return Object.fromEntries(NAMES.flatMap((name) => {
    const value = wishes[name] ?? former?.[name];
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Those of `wishes` that do not hold, as flags of what does. */
export function otherRegion(wishes: RegionWishes, options: RegionOptions): readonly string[] {
  return NAMES.flatMap((name) => {
    if (wishes[name] === undefined || wishes[name] === options[name]) return [];
    return [options[name] === undefined ? `without ${FLAGS[name]}` : `with ${FLAGS[name]} ${options[name]}`];
  });
}

/** As the next process is told. */
export function regionFlags(options: RegionOptions): string[] {
  return NAMES.flatMap((name) => (options[name] === undefined ? [] : [FLAGS[name], String(options[name])]));
}

/** Whether a record of this release or an older one has what it may have. */
export function isRegion(options: object): boolean {
  const types = { region: 'string', accountsPerRegion: 'number', subscriptionCores: 'number' };
  return NAMES.every((name) => ['undefined', types[name]].includes(typeof Reflect.get(options, name)));
}
