import { code, table } from '../markdown.ts';

/** A variable, who has it, and what it says. */
interface Variable {
  readonly name: string;
  readonly where: string;
  readonly says: string;
}

/** What a task finds in its environment; a test holds the names to those that agent and service set. */
export const TASK_VARIABLES: readonly Variable[] = [
  { name: 'AZ_BATCH_ACCOUNT_NAME', where: 'all', says: 'the Batch account' },
  { name: 'AZ_BATCH_ACCOUNT_URL', where: 'all', says: 'its endpoint' },
  { name: 'AZ_BATCH_POOL_ID', where: 'all', says: 'the pool of the node' },
  { name: 'AZ_BATCH_NODE_ID', where: 'all', says: 'the node' },
  { name: 'AZ_BATCH_NODE_IS_DEDICATED', where: 'all', says: '`true`; `false` on a low-priority node' },
  { name: 'AZ_BATCH_NODE_ROOT_DIR', where: 'all', says: 'the root of all directories of the node' },
  { name: 'AZ_BATCH_NODE_SHARED_DIR', where: 'all', says: 'a directory that all tasks of the node share' },
  { name: 'AZ_BATCH_NODE_STARTUP_DIR', where: 'all', says: 'the directory of the start task' },
  { name: 'AZ_BATCH_NODE_MOUNTS_DIR', where: 'all', says: 'where file systems of the pool are mounted' },
  { name: 'AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES', where: 'all', says: 'what of the disk tasks leave free' },
  { name: 'AZ_BATCH_TASK_DIR', where: 'all', says: 'the directory of the task: `stdout.txt`, `stderr.txt`, `wd`' },
  { name: 'AZ_BATCH_TASK_WORKING_DIR', where: 'all', says: '`wd` in it, where the command runs and resource files lie' },
  { name: 'AZ_BATCH_CERTIFICATES_DIR', where: 'all', says: '`certs` in it' },
  { name: 'AZ_BATCH_JOB_ID', where: 'tasks, preparation and release', says: 'the job' },
  { name: 'AZ_BATCH_TASK_ID', where: 'tasks, preparation and release', says: 'the task' },
  { name: 'AZ_BATCH_JOB_PREP_DIR', where: 'tasks and release of a job with a preparation', says: 'the directory of the preparation task' },
  { name: 'AZ_BATCH_JOB_PREP_WORKING_DIR', where: 'tasks and release of a job with a preparation', says: '`wd` in it' },
  { name: 'AZ_BATCH_HOST_LIST', where: 'multi-instance tasks', says: 'addresses of all nodes of the task, with commas' },
  { name: 'AZ_BATCH_NODE_LIST', where: 'multi-instance tasks', says: 'the same, with semicolons' },
  { name: 'AZ_BATCH_MASTER_NODE', where: 'multi-instance tasks', says: 'address and port of the primary' },
  { name: 'AZ_BATCH_IS_CURRENT_NODE_MASTER', where: 'multi-instance tasks', says: '`true` on the primary' },
  { name: 'CCP_NODES', where: 'multi-instance tasks', says: 'the number of nodes, then address and cores of each' },
  { name: 'AZ_BATCH_TASK_SHARED_DIR', where: 'multi-instance tasks', says: 'where common resource files lie' },
  { name: 'AZ_BATCH_AUTHENTICATION_TOKEN', where: 'tasks with access to their job', says: 'a token for the operations of the job' },
  { name: 'IDENTITY_ENDPOINT', where: 'nodes with a managed identity', says: 'where libraries get tokens' },
  { name: 'IDENTITY_HEADER', where: 'nodes with a managed identity', says: 'what they show there' },
  { name: 'LINARITE_SCHEDULED_EVENTS_URL', where: 'all, where the node has it', says: 'scheduled events of the node: [low-priority nodes](../low-priority.md)' },
  { name: 'LINARITE_NODE', where: 'all', says: 'the mark by which processes of a node are found' },
  { name: 'LINARITE_ATTEMPT', where: 'all', says: 'the mark by which processes of an attempt are found' },
];

/** What the programs of Linarite read; a test holds the names to those that stand in the sources. */
export const SERVICE_VARIABLES: readonly Variable[] = [
  { name: 'LINARITE_DATA_DIR', where: 'all commands', says: 'the data directory where `--data-dir` is not given (`./.linarite`)' },
  { name: 'LINARITE_DATABASE_URL', where: '`up`', says: 'a PostgreSQL instead of the embedded one, where it has a password; empty: the embedded one again' },
  { name: 'LINARITE_STORAGE_CONNECTION_STRING', where: '`up`', says: 'a storage account of Azure instead of the embedded blob server' },
  { name: 'LINARITE_CLUSTER_KEY', where: '`up`', says: 'the secret that several processes on one database share: [several processes](../several.md)' },
  { name: 'LINARITE_ISOLATION', where: '`up`', says: 'how far nodes are places of their own at most: `overlays`, `binds`, `none` ([isolation](../isolation.md))' },
  { name: 'LINARITE_DEBUG', where: 'all commands', says: 'set: an error that nobody foresaw is printed with its stack' },
  { name: 'LINARITE_ACCOUNTS', where: '`run`', says: 'a file with several accounts to share a run out to ([run](../run.md))' },
  { name: 'AZURE_BATCH_ACCOUNT', where: 'commands on an account', says: 'the Batch account' },
  { name: 'AZURE_BATCH_ENDPOINT', where: 'commands on an account', says: 'its endpoint' },
  { name: 'AZURE_BATCH_ACCESS_KEY', where: 'commands on an account', says: 'its key' },
  { name: 'AZURE_STORAGE_CONNECTION_STRING', where: '`run`', says: 'the storage account; or the next three' },
  { name: 'AZURE_STORAGE_ACCOUNT', where: '`run`', says: 'its name' },
  { name: 'AZURE_STORAGE_KEY', where: '`run`', says: 'its key' },
  { name: 'AZURE_STORAGE_BLOB_ENDPOINT', where: '`run`', says: 'where its blobs are, where that is not Azure' },
  { name: 'KUBECONFIG', where: '`up` with nodes on Kubernetes', says: 'the cluster: [Kubernetes](../kubernetes.md)' },
  { name: 'SLURM_CONF', where: '`up` with nodes on Slurm', says: 'the configuration of Slurm: [Slurm](../slurm.md)' },
  { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', where: '`up`', says: 'a collector of traces; the others of OpenTelemetry stand in [traces](../tracing.md)' },
];

export function environmentPage(): string {
  return [
    '# Environment variables',
    '## Of tasks',
    'What a task finds, beside what its job and itself ask for in `environmentSettings`. "All" are tasks, start tasks, and preparation and release tasks of jobs. Nobody can set a name that the service sets.',
    table(['variable', 'who has it', 'what it says'], TASK_VARIABLES.map(cells)),
    'Each application package of the pool or the task has `AZ_BATCH_APP_PACKAGE_` with id and version, in which dots, dashes and `#` are underscores: [applications](../applications.md). `PATH`, `HOME`, `USER` and `LOGNAME` can be set.',
    '## Of the service and the command line',
    table(['variable', 'read by', 'what it says'], SERVICE_VARIABLES.map(cells)),
    '`linarite env` prints what clients need; its names are explained in [how clients connect](../operations.md).',
  ].join('\n\n');
}

function cells({ name, where, says }: Variable): readonly string[] {
  return [code(name), where, says];
}
