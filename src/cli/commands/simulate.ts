import { readFileSync, writeFileSync } from 'node:fs';
import { simulatedPool } from '../../api/own/simulations/answer.ts';
import { asTried } from '../../api/own/simulations/tried.ts';
import { messageOf } from '../../base/errors.ts';
import type { Simulated, SimulationAsk, SimulationLoad } from '../../ports.ts';
import { NoLoad, simulateAsked } from '../../simulation/whatIf/asked.ts';
import { LoadFileError } from '../../simulation/whatIf/loadFile.ts';
import { useOwnSizes } from '../../wire/sizes/own.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readSizesFile } from '../service/sizesFile.ts';
import { drawChart } from '../simulate/chart.ts';
import { readOptions, type LoadOptions, type SimulateFlags } from '../simulate/options.ts';
import { readCandidates } from '../simulate/pools.ts';
import { readRecorded, type Recorded } from '../simulate/recorded.ts';
import { reportJson, reportTable, type Tried } from '../simulate/report.ts';

/**
 * `linarite simulate POOL… --tasks N|--load FILE|--job JOB`: the table or the JSON on standard output, the picture in
 * its file. @throws CommandError
 */
export async function simulate(pools: readonly string[], flags: SimulateFlags): Promise<void> {
  if (flags.sizes !== undefined) useOwnSizes(readSizesFile(flags.sizes));
  const { load, prices, ...model } = readOptions(flags);
  const recorded = load.kind === 'job' ? await readRecorded(load.job, flags.dataDir) : null;
  const candidates = readCandidates(pools, flags.compare, recorded?.pool ?? null);
  const { outcomes, startsAt, ...told } = await tryAll({ ...model, seed: flags.seed, load: loadOf(load, recorded), pools: candidates.map(({ pool }) => asTried(pool)) });
  const tried: Tried[] = candidates.flatMap((candidate, index) => outcomes.slice(index, index + 1).map((outcome) => ({ candidate, simulated: simulatedPool(candidate, outcome, flags.region, prices) })));
  const heading = { load: told.load, seed: flags.seed, assumed: told.assumed, startsAt: formatTimestamp(startsAt) };
  if (flags.svg !== undefined) write(flags.svg, drawChart(`${candidates.map(({ name }) => name).join(' and ')}: ${told.load}`, tried.map(({ simulated }) => simulated)));
  process.stdout.write(flags.format === 'json' ? reportJson(heading, tried) : reportTable(heading, tried));
}

async function tryAll(ask: SimulationAsk): Promise<Simulated> {
  try {
    return await simulateAsked(ask);
  } catch (error) {
    if (error instanceof LoadFileError) throw new CommandError(EXIT.usage, error.message);
    throw error instanceof NoLoad ? new CommandError(EXIT.failure, error.message) : error;
  }
}

function loadOf(options: LoadOptions, recorded: Recorded | null): SimulationLoad {
  switch (options.kind) {
    case 'made':
      return options;
    case 'file':
      return { kind: 'file', name: options.file, text: readText(options.file), retries: options.retries };
    case 'job':
      if (recorded === null) throw new Error('the load of a job is read from its service');
      return { kind: 'job', job: recorded.run };
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file}: ${messageOf(error)}`);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(EXIT.failure, `${file} cannot be written: ${messageOf(error)}`);
  }
}
