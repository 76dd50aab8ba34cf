import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { createCore } from '../../core/core.ts';
import type { Load } from '../../simulation/whatIf/load.ts';
import { LoadFileError, readLoadFile } from '../../simulation/whatIf/loadFile.ts';
import { LOCAL_TIMING, type Model } from '../../simulation/whatIf/model.ts';
import { syntheticLoad } from '../../simulation/whatIf/synthetic.ts';
import { whatIf } from '../../simulation/whatIf/whatIf.ts';
import { useOwnSizes } from '../../wire/sizes/own.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readSizesFile } from '../service/sizesFile.ts';
import { assumptionsOf } from '../simulate/assumed.ts';
import { drawChart } from '../simulate/chart.ts';
import { costOf } from '../simulate/cost.ts';
import { readOptions, type LoadOptions, type SimulateFlags } from '../simulate/options.ts';
import { asTried, readCandidates } from '../simulate/pools.ts';
import { readRecorded } from '../simulate/recorded.ts';
import { reportJson, reportTable, type Heading, type Tried } from '../simulate/report.ts';

/**
 * `linarite simulate POOL… --tasks N|--load FILE|--job JOB`: the table or the JSON on standard output, the picture in
 * its file. @throws CommandError
 */
export async function simulate(pools: readonly string[], flags: SimulateFlags): Promise<void> {
  if (flags.sizes !== undefined) useOwnSizes(readSizesFile(flags.sizes));
  const options = readOptions(flags);
  const recorded = options.load.kind === 'job' ? await readRecorded(options.load.job, flags.dataDir) : null;
  const candidates = readCandidates(pools, flags.compare, recorded?.pool ?? null);
  const load = recorded?.load ?? loadOf(options.load, flags.seed);
  const model: Model = {
    boot: options.boot ?? recorded?.boot ?? { kind: 'constant', ms: 120_000 },
    startTask: options.startTask ?? { kind: 'constant', ms: recorded === null ? 30_000 : 0 },
    preemptedPerHour: options.preemptedPerHour,
    timing: recorded?.timing ?? LOCAL_TIMING,
  };
  const tried: Tried[] = [];
  for (const candidate of candidates) {
    const warm = options.warm === null ? recorded?.warm : { dedicated: options.warm, lowPriority: options.warm };
    const outcome = await whatIf({ ...asTried(candidate), seed: flags.seed, createCore, load, model, startsAt: options.startsAt ?? recorded?.beganAt ?? STARTS_AT, untilMs: options.untilMs, ...(warm === undefined ? null : { warm }) });
    tried.push({ candidate, outcome, cost: costOf(outcome, candidate.pool.vmSize, flags.region, options.prices) });
  }
  const heading: Heading = { load: load.name, seed: flags.seed, assumed: [...assumptionsOf(model, candidates), ...(recorded?.leftOut ?? [])] };
  if (flags.svg !== undefined) write(flags.svg, drawChart(`${tried.map(({ candidate }) => candidate.name).join(' and ')}: ${load.name}`, tried.map(({ candidate, outcome }) => ({ name: candidate.name, series: outcome.series, spanMs: outcome.spanMs }))));
  process.stdout.write(flags.format === 'json' ? reportJson(heading, tried) : reportTable(heading, tried));
}

/** A Monday, at midnight. */
const STARTS_AT = Date.UTC(2026, 10, 30);

function loadOf(options: LoadOptions, seed: number): Load {
  if (options.kind === 'job') throw new Error('the load of a job is read from its service');
  return options.kind === 'made' ? syntheticLoad(options.synthetic, seed) : loadFile(options.file, options.retries);
}

function loadFile(file: string, retries: number): Load {
  try {
    return readLoadFile(readFileSync(file === '-' ? 0 : file, 'utf8'), file, retries);
  } catch (error) {
    throw new CommandError(EXIT.usage, error instanceof LoadFileError ? error.message : `${file}: ${messageOf(error)}`);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(EXIT.failure, `${file} cannot be written: ${messageOf(error)}`);
  }
}
