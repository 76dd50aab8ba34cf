import { isAbsolute } from 'node:path';
import { DRAIN_MS } from '../../../nodes/slurm/options.ts';
import { agentProgram } from '../agentProgram.ts';
import type { MakeProvider } from './kinds.ts';
import type { Mapping } from './place.ts';

const MINUTE_MS = 60_000;
const YEAR_MINUTES = 365 * 24 * 60;

/** Reads the properties of a provider of the kind `slurm`. @throws BadProviders */
export function slurmNodes(mapping: Mapping): MakeProvider {
  const directory = absolute(mapping, 'directory', mapping.text('directory'));
  const [localDirectory, slurmConf] = (['localDirectory', 'slurmConf'] as const).map((name) => {
    const path = mapping.optionalText(name);
    return path === undefined ? undefined : absolute(mapping, name, path);
  });
  const agent = mapping.optionalTexts('agent');
  const words = {
    localDirectory,
    slurmConf,
    partition: mapping.optionalText('partition'),
    lowPriorityPartition: mapping.optionalText('lowPriorityPartition'),
    account: mapping.optionalText('account'),
    qos: mapping.optionalText('qos'),
    lowPriorityQos: mapping.optionalText('lowPriorityQos'),
    constraint: mapping.optionalText('constraint'),
    gpuResource: mapping.optionalText('gpuResource'),
    exclusive: mapping.optionalFlag('exclusive'),
    sbatchWords: mapping.optionalTexts('sbatch'),
    timeLimitMinutes: mapping.optionalNumber('timeLimitMinutes', { least: 1, most: YEAR_MINUTES }),
    maxNodes: mapping.optionalNumber('maxNodes', { least: 1, most: 1_000_000 }),
  };
  const drainMs = (mapping.optionalNumber('drainMinutes', { least: 0, most: YEAR_MINUTES }) ?? DRAIN_MS / MINUTE_MS) * MINUTE_MS;
  const leaseSeconds = mapping.optionalNumber('leaseSeconds', { least: 10, most: 3_600 });
  return async ({ name, service, say }) => {
    // Few services have such nodes.
    const { createSlurmProvider } = await import('../../../nodes/slurm/provider.ts');
    const [program, ...others] = agent ?? agentProgram();
    if (program === undefined) throw new Error('words of a program are at least one');
    return createSlurmProvider({ name, service: { ...service, leaseMs: leaseSeconds === undefined ? service.leaseMs : leaseSeconds * 1000 }, directory, agentProgram: [program, ...others], drainMs, say: (message) => say(`${name}: ${message}`), ...given(words) });
  };
}

function absolute(mapping: Mapping, name: string, path: string): string {
  if (!isAbsolute(path)) throw mapping.bad(name, `${path} is no absolute path.`);
  return path;
}

type Given<Words> = { [Name in keyof Words]?: Exclude<Words[Name], undefined> };

function given<Words extends object>(words: Words): Given<Words> {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined)) as Given<Words>;
}
