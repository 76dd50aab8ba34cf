import { join } from 'node:path';
import type { DataDirectory } from './data/dataDirectory.ts';
import { readExternals } from './externals.ts';
import { provideKeys } from './data/keys.ts';
import type { ServiceRecord } from './data/record.ts';

/** How clients connect: the names that `linarite env` prints, which scripts rely on. */
export interface ClientEnvironment {
  readonly AZURE_BATCH_ACCOUNT: string;
  readonly AZURE_BATCH_ACCESS_KEY: string;
  readonly AZURE_BATCH_ENDPOINT: string;
  readonly AZURE_STORAGE_ACCOUNT: string;
  readonly AZURE_STORAGE_KEY: string;
  readonly AZURE_STORAGE_BLOB_ENDPOINT: string;
  readonly AZURE_STORAGE_CONNECTION_STRING: string;
  readonly LINARITE_MANAGEMENT_ENDPOINT: string;
  readonly LINARITE_CA_FILE: string;
  readonly LINARITE_PID: string;
}

/** The environment for clients of a running service. */
export function clientEnvironment(directory: DataDirectory, record: ServiceRecord): ClientEnvironment {
  const keys = provideKeys(directory.keys, record.wellKnownKeys);
  const external = readExternals(directory).storage;
  const endpoint = external?.endpoint ?? record.blobEndpoint ?? '';
  const { name, key } = external === undefined ? keys.storage : { name: external.accountName, key: external.accountKey };
  return {
    AZURE_BATCH_ACCOUNT: keys.batch.name,
    AZURE_BATCH_ACCESS_KEY: keys.batch.key,
    AZURE_BATCH_ENDPOINT: record.endpoint,
    AZURE_STORAGE_ACCOUNT: name,
    AZURE_STORAGE_KEY: key,
    AZURE_STORAGE_BLOB_ENDPOINT: endpoint,
    AZURE_STORAGE_CONNECTION_STRING: external?.connectionString ?? `DefaultEndpointsProtocol=http;AccountName=${name};AccountKey=${key};BlobEndpoint=${endpoint};`,
    LINARITE_MANAGEMENT_ENDPOINT: record.managementEndpoint,
    LINARITE_CA_FILE: join(directory.certificates, 'ca.pem'),
    LINARITE_PID: String(record.process.pid),
  };
}
