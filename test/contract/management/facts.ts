import { MANAGEMENT_OPEN_API_VERSIONS, managementOpenApi, type OpenApiFacts } from '../../wire/fixtures.ts';
import { formerly, type Former } from '../facts.ts';

/** What came with versions whose facts were read, by the release notes of azure-mgmt-batch. */
const FORMER: readonly Former[] = [
  { until: '2024-02-01', shape: 'DeploymentConfiguration', without: [], with: { cloudServiceConfiguration: 'map' } },
  { until: '2022-01-01', shape: 'BatchAccountProperties', without: ['networkProfile', 'nodeManagementEndpoint'], with: {} },
  { until: '2022-01-01', shape: 'PoolProperties', without: ['targetNodeCommunicationMode', 'currentNodeCommunicationMode'], with: {} },
  { until: '2020-03-01', shape: 'PoolProperties', without: ['taskSlotsPerNode'], with: { maxTasksPerNode: 'integer:int32' } },
];

/**
 * The facts of a version of Microsoft.Batch: its own, or those of the next one that has some, less what came with that.
 */
export function managementFactsOf(version: string): OpenApiFacts {
  const next = MANAGEMENT_OPEN_API_VERSIONS.find((text) => text >= version);
  if (next === undefined) throw new Error(`there are no facts of ${version} or later`);
  return formerly(managementOpenApi(next), version, FORMER);
}
