/** Limits of the service that are not a bound of one property (limits.md; those stand in the shape table). */
export const LIMITS = {
  requestBodyBytes: 1_048_576,
  tasksPerCollection: 100,
  maxResults: 1000,
  /** /nodecounts before the TypeSpec-era versions (revisions up to 16). */
  maxResultsNodeCountsClassic: 10,
  serverTimeoutMs: 30_000,
  clockSkewMs: 15 * 60_000,
  slotsPerCore: 4,
  slotsPerNode: 256,
  nodesPerRemoval: 100,
  dependencyIdCharacters: 64_000,
  /** No number is documented for ranges; the same bound in characters of JSON keeps an entry small. */
  dependencyRangeCharacters: 64_000,
  startTaskCharacters: 32_768,
  /** The resource files of one task, as JSON. */
  resourceFilesCharacters: 32_768,
  /** The longest string where nothing else is documented (limits.md 7.2, inferred). */
  textCharacters: 65_536,
  /** limits.md 7.2 */
  applicationsPerAccount: 20,
  packagesPerApplication: 40,
  networkRulesPerPool: 25,
  natPools: 5,
  natPoolPorts: 40,
  nodeUserExpiryMs: 86_400_000,
  taskLifetimeMs: 180 * 86_400_000,
  autoScaleEnableSpacingMs: 30_000,
  /** The least time from the notice of a preemption to it (Azure documentation, "Scheduled Events for Linux VMs"). */
  preemptionGraceMs: 30_000,
  autoScaleMinIntervalMs: 5 * 60_000,
  autoScaleStatements: 100,
  /** Account quotas where an account sets none (limits.md 7.1, suggested). */
  quotas: { pools: 100, activeJobsAndSchedules: 300, dedicatedCores: 900, lowPriorityCores: 100 },
  /** Batch accounts of a subscription in one region (recorded 8.10: 1 to 1000). */
  accountsPerRegion: 1_000,
  /** How the management plane, whose quotas are numbers, writes that there is none: the largest int32. */
  unboundedQuota: 2_147_483_647,
} as const;
