import { join } from 'node:path';
import { identityHeader } from '../../api/identity/options.ts';
import { MANAGED_TOKEN_PATH } from '../../wire/managedTokens.ts';
import { OPERATOR } from '../../api/identity/wellKnown.ts';
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

/**
 * How programs of this machine get tokens without a sign-in, over plain HTTP: as in Azure's App Service, by its names
 * of 2019-08-01 and 2017-09-01. `az login --identity` takes the older ones where it believes to be there.
 */
export function managedIdentityEnvironment(directory: DataDirectory, record: ServiceRecord): Readonly<Record<string, string>> {
  const header = identityHeader(provideKeys(directory.keys, record.wellKnownKeys).operatorSecret);
  const endpoint = `${record.endpoint}${MANAGED_TOKEN_PATH}`;
  return { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header, MSI_ENDPOINT: endpoint, MSI_SECRET: header, APPSETTING_WEBSITE_SITE_NAME: 'linarite' };
}

/**
 * How programs sign in as the operator, over TLS. The tenant `adfs` keeps MSAL from asking Microsoft about an authority
 * that it does not know.
 */
export function servicePrincipalEnvironment(directory: DataDirectory, record: ServiceRecord): Readonly<Record<string, string>> {
  const { operatorSecret } = provideKeys(directory.keys, record.wellKnownKeys);
  return { AZURE_TENANT_ID: 'adfs', AZURE_CLIENT_ID: OPERATOR.appId, AZURE_CLIENT_SECRET: operatorSecret, AZURE_AUTHORITY_HOST: record.managementEndpoint };
}
