import { useOwnSizes } from '../../../wire/sizes/own.ts';
import { dataDirectoryPath, findDataDirectory } from '../../service/data/dataDirectory.ts';
import { readRecord } from '../../service/data/record.ts';
import { readSizesFile } from '../../service/sizesFile.ts';
import { reasonOf } from '../failure.ts';
import type { RunResult } from '../ending.ts';
import { commandDigest } from '../planRun.ts';
import type { RunOptions } from '../workflow.ts';
import { onNodesThatAreUp, type Ahead, type NoForecast } from './ahead.ts';
import { comparisonOf, forecast, placesOf, type Forecast } from './forecast.ts';
import { durationsOf, keepRun, pastRunOf, readRuns, type Likeness } from './history.ts';

/** The forecast of a run that has `tasks` to run, or why there is none. */
export function forecastOf(options: RunOptions, tasks: number, ahead: Ahead | NoForecast): Forecast | NoForecast {
  const { expectDuration, region, connection, mpi, template } = options;
  if (tasks === 0) return { none: 'nothing is left to run' };
  if (template.dependsOn !== undefined) return { none: 'the tasks wait for others of their job, of which nothing is known' };
  if ('none' in ahead) return ahead;
  const known = expectDuration ?? durationsOf(readRuns(connection.dataDir), likenessOf(options, ahead.pool));
  usePricesOf(connection.dataDir);
  if (known === null) return { none: 'no run of this program is remembered: --expect-duration says how long a task takes' };
  return forecast({ tasks, nodesPerTask: mpi?.instances ?? 1, pool: ahead.pool, region }, ahead.exists ? onNodesThatAreUp(known, ahead.pool) : known);
}

/** The operator's own prices come first here too, where the service of the data directory has a file of them. */
function usePricesOf(dataDir: string | undefined): void {
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  const file = directory === undefined ? undefined : readRecord(directory)?.options.sizesFile;
  if (file !== undefined) useOwnSizes(readSizesFile(file));
}

function likenessOf({ template }: RunOptions, { vmSize }: Ahead['pool']): Likeness {
  const [program = ''] = template.argv;
  return { command: commandDigest(template), program, vmSize };
}

/**
 * The run is over: says how good its forecast was, and remembers how long its tasks took. `isAlone`: it has made job
 * and pool, so that what it took beside its tasks is known.
 */
export function remembered(options: RunOptions, made: Forecast | null, result: RunResult, isAlone: boolean): RunResult {
  const isWhole = result.outcomes.length > 0 && (result.failure === undefined || result.failure === 'taskFailed');
  if (!isWhole) return result;
  const notes = [...(result.notes ?? []), ...(made === null ? [] : [comparisonOf(made, result.elapsedMs)])];
  const past = isAlone ? pastRunOf(likenessOf(options, options.poolWish), { ...result, places: placesOf(options.poolWish, options.mpi?.instances ?? 1), at: new Date() }) : null;
  try {
    if (past !== null) keepRun(options.connection.dataDir, past);
  } catch (error) {
    notes.push(`how long its tasks took could not be kept for forecasts: ${reasonOf(error)}`);
  }
  return notes.length === 0 ? result : { ...result, notes };
}
