import { describeListener } from '../../../processes/ports.ts';
import { CommandError, EXIT } from '../../errors.ts';

/** Names the process that has the port, as far as we may see it, and the option that gives another port. */
export function portTaken(port: number, host: string, option: '--port' | '--blob-port'): CommandError {
  const owner = describeListener(port);
  const by = owner === undefined ? '' : owner.dataDirectory === undefined ? ` by process ${owner.pid} (${owner.command})` : ` by the linarite of ${owner.dataDirectory} (process ${owner.pid})`;
  return new CommandError(EXIT.portTaken, `port ${port} on ${host} is taken${by}: give another one by ${option}`);
}
