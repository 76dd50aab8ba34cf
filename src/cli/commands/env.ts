import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { clientEnvironment, managedIdentityEnvironment, servicePrincipalEnvironment } from '../service/environment.ts';
import { runningService } from '../service/data/record.ts';
import { quoteForShell } from '../../base/shellWords.ts';
import { hint } from '../hint.ts';

export interface EnvOptions {
  readonly dataDir?: string;
  readonly format: 'shell' | 'json';
  readonly identity?: boolean;
  readonly servicePrincipal?: boolean;
}

/** `linarite env`: how clients connect, for `eval` or for a program to read. */
export function env(options: EnvOptions): void {
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || record === undefined) {
    throw new CommandError(EXIT.notRunning, `no service runs on ${path}: start one with ${hint('up --detach', options.dataDir)}`);
  }
  // Its storage has no address yet.
  if (record.state === 'starting') throw new CommandError(EXIT.notRunning, `the service on ${path} is still starting: ${hint('up --detach', options.dataDir)} returns when it is ready`);
  const environment = {
    ...clientEnvironment(directory, record),
    ...(options.identity === true ? managedIdentityEnvironment(directory, record) : {}),
    ...(options.servicePrincipal === true ? servicePrincipalEnvironment(directory, record) : {}),
  };
  switch (options.format) {
    case 'json':
      console.log(JSON.stringify(environment, undefined, 2));
      break;
    case 'shell':
      for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${quoteForShell(String(value))}`);
      break;
  }
}
