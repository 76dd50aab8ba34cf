/** One setting of the embedded PostgreSQL and why it is not the default. */
interface Setting {
  readonly name: string;
  readonly value: string;
  readonly why: string;
}

const MOST_LOG_MB = 2048;

/** Written to postgresql.conf at each start, so that a newer release's values take effect. */
const SETTINGS: readonly Setting[] = [
  { name: 'fsync', value: 'on', why: 'what was acknowledged is durable' },
  { name: 'synchronous_commit', value: 'on', why: 'what was acknowledged is durable' },
  { name: 'full_page_writes', value: 'on', why: 'a torn page is repaired in recovery' },
  { name: 'listen_addresses', value: "''", why: 'unix socket only' },
  { name: 'unix_socket_permissions', value: '0700', why: 'the directory is closed as well' },
  { name: 'max_connections', value: '100', why: 'service, blob server and a person with psql' },
  { name: 'shared_buffers', value: '128MB', why: 'sensible on a laptop' },
  { name: 'dynamic_shared_memory_type', value: 'mmap', why: 'in its directory: what is left by a kill goes with it, and a container has little of /dev/shm' },
  { name: 'min_dynamic_shared_memory', value: '8MB', why: 'what is shared all the time (statistics) is in memory, not in files' },
  { name: 'max_wal_size', value: `${MOST_LOG_MB}MB`, why: 'fewer checkpoints while many tasks are added' },
  { name: 'checkpoint_timeout', value: '15min', why: 'fewer full-page images; recovery of this much takes seconds' },
  { name: 'wal_compression', value: 'on', why: 'full-page images are most of what is written' },
  { name: 'jit', value: 'off', why: 'our statements are short; compiling them costs more than it saves' },
  { name: 'max_wal_senders', value: '0', why: 'nobody replicates from here' },
  { name: 'wal_level', value: 'replica', why: 'a copy of the files, made while it runs, is whole by its log' },
  { name: 'autovacuum_naptime', value: '10s', why: 'status rows change often' },
  { name: 'random_page_cost', value: '1.1', why: 'no spinning disks' },
  { name: 'log_checkpoints', value: 'off', why: 'the log holds what somebody should read' },
  { name: 'log_min_duration_statement', value: '5s', why: 'the log holds what somebody should read' },
  { name: 'log_parameter_max_length', value: '0', why: 'parameters may hold what users keep secret' },
  { name: 'log_parameter_max_length_on_error', value: '0', why: 'parameters may hold what users keep secret' },
  { name: 'log_line_prefix', value: "'%m [%p] '", why: 'time in milliseconds' },
  { name: 'timezone', value: "'UTC'", why: 'times on the wire are UTC' },
  { name: 'log_timezone', value: "'UTC'", why: 'as in our own log' },
];

/** The part of a database's memory that its log may take between two checkpoints, where it lies in memory. */
const SHARE_OF_LOG = 1 / 8;
const MIB = 1024 * 1024;

/** The text of postgresql.conf. `roomBytes`: what data and log may take together where that is little. */
export function settingsFile(socketDirectory: string, roomBytes = Infinity): string {
  const logMegabytes = Math.floor((roomBytes * SHARE_OF_LOG) / MIB);
  const quoted = `'${socketDirectory.replaceAll("'", "''")}'`;
  const lines = SETTINGS.map(({ name, value, why }) => `${name} = ${name === 'max_wal_size' && logMegabytes < MOST_LOG_MB ? `${logMegabytes}MB` : value}  # ${why}`);
  return `# Written by linarite at each start; changes here are lost.\n${lines.join('\n')}\nunix_socket_directories = ${quoted}\n`;
}

/**
 * Who may connect: over the unix socket, whoever may enter its directory. The directory is open to the account that
 * PostgreSQL runs as and to root alone, so there is no password that could be lost or logged.
 */
export const HOST_BASED_AUTHENTICATION = 'local all all trust\n';
