import type { OsType, SupportedImage, VerificationType } from './types.generated.ts';

interface ImageRow {
  readonly publisher: string;
  readonly offer: string;
  readonly sku: string;
  readonly agent: string;
  readonly os: OsType;
  readonly verification: VerificationType;
  readonly capabilities: readonly string[];
  /** Day after which Batch no longer supports the image. */
  readonly endOfLife: string | undefined;
}

/** publisher, offer, sku, node agent SKU (without `batch.node.`), v(erified) or u(nverified), capabilities, end of life. */
type CompactRow = readonly [string, string, string, string, 'v' | 'u', string?, string?];

const gen2 = 'Generation2VMImage';
const docker = 'DockerCompatible';
const nvidia = 'NvidiaTeslaDriverInstalled';

/**
 * The catalogue of `/supportedimages`. The first twelve rows are recorded (2022-01-01.15.0); the others name images that
 * clients and samples look for. Programs choose a node agent SKU and an operating system here; nodes run what their
 * machine runs.
 */
const rows: readonly CompactRow[] = [
  ['almalinux', 'almalinux', '8_4', 'el 8', 'u'],
  ['almalinux', 'almalinux', '8_4-gen2', 'el 8', 'u', gen2],
  ['almalinux', 'almalinux', '8_5', 'el 8', 'u'],
  ['almalinux', 'almalinux', '8_5-gen2', 'el 8', 'u', gen2],
  ['almalinux', 'almalinux-hpc', '8_5-hpc', 'el 8', 'u', 'SupportsRDMAOnly IntelMPIRuntimeInstalled'],
  ['almalinux', 'almalinux-hpc', '8_5-hpc-gen2', 'el 8', 'u', `SupportsRDMAOnly IntelMPIRuntimeInstalled ${gen2}`],
  ['batch', 'rendering-centos73', 'rendering', 'centos 7', 'v', '', '2024-06-30'],
  ['batch', 'rendering-windows2016', 'rendering', 'windows amd64', 'v', '', '2024-02-29'],
  ['canonical', '0001-com-ubuntu-server-focal', '20_04-lts', 'ubuntu 20.04', 'v', '', '2025-04-22'],
  ['canonical', '0001-com-ubuntu-server-focal', '20_04-lts-gen2', 'ubuntu 20.04', 'v', gen2, '2025-04-22'],
  ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', 'ubuntu 22.04', 'v'],
  ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-gen2', 'ubuntu 22.04', 'u', gen2],
  ['almalinux', 'almalinux', '8-gen1', 'el 8', 'v'],
  ['almalinux', 'almalinux', '8-gen2', 'el 8', 'v', gen2],
  ['almalinux', 'almalinux', '9-gen1', 'el 9', 'v'],
  ['almalinux', 'almalinux', '9-gen2', 'el 9', 'v', gen2],
  ['canonical', 'ubuntuserver', '16.04-lts', 'ubuntu 16.04', 'v', '', '2021-05-21'],
  ['canonical', 'ubuntuserver', '18.04-lts', 'ubuntu 18.04', 'v', '', '2023-06-01'],
  ['canonical', 'ubuntuserver', '18_04-lts-gen2', 'ubuntu 18.04', 'v', gen2, '2023-06-01'],
  ['canonical', 'ubuntu-24_04-lts', 'server', 'ubuntu 24.04', 'v', gen2],
  ['canonical', 'ubuntu-24_04-lts', 'server-gen1', 'ubuntu 24.04', 'v'],
  ['debian', 'debian-10', '10', 'debian 10', 'v', '', '2024-06-30'],
  ['debian', 'debian-10', '10-gen2', 'debian 10', 'v', gen2, '2024-06-30'],
  ['debian', 'debian-11', '11', 'debian 11', 'v'],
  ['debian', 'debian-11', '11-gen2', 'debian 11', 'v', gen2],
  ['debian', 'debian-12', '12', 'debian 12', 'v'],
  ['debian', 'debian-12', '12-gen2', 'debian 12', 'v', gen2],
  ['openlogic', 'centos', '7_9', 'centos 7', 'v', '', '2024-06-30'],
  ['openlogic', 'centos', '7_9-gen2', 'centos 7', 'v', gen2, '2024-06-30'],
  ['openlogic', 'centos', '8_5', 'centos 8', 'u', '', '2022-05-31'],
  ['microsoft-azure-batch', 'centos-container', '7-8', 'centos 7', 'v', docker, '2024-06-30'],
  ['microsoft-azure-batch', 'ubuntu-server-container', '20-04-lts', 'ubuntu 20.04', 'v', docker, '2025-04-22'],
  ['microsoft-dsvm', 'ubuntu-hpc', '2004', 'ubuntu 20.04', 'v', `${docker} ${nvidia} ${gen2}`, '2025-04-22'],
  ['microsoft-dsvm', 'ubuntu-hpc', '2204', 'ubuntu 22.04', 'v', `${docker} ${nvidia} ${gen2}`],
  ['microsoftcblmariner', 'cbl-mariner', 'cbl-mariner-2', 'mariner 2.0', 'u', '', '2025-07-31'],
  ['microsoftwindowsserver', 'windowsserver', '2012-r2-datacenter', 'windows amd64', 'v', '', '2023-10-10'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-core', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-core', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-g2', 'windows amd64', 'v', gen2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-smalldisk', 'windows amd64', 'v'],
];

const images: readonly ImageRow[] = rows.map(([publisher, offer, sku, agent, verification, capabilities = '', endOfLife]) => ({
  publisher,
  offer,
  sku,
  agent: `batch.node.${agent}`,
  os: agent.startsWith('windows') ? 'windows' : 'linux',
  verification: verification === 'v' ? 'verified' : 'unverified',
  capabilities: capabilities.split(' ').filter((capability) => capability !== ''),
  endOfLife,
}));

const agents = new Map(images.map(({ agent, os }) => [agent, os]));
/** Node agent SKUs of images that have left the catalogue but that old templates still name. */
const retiredAgents = ['batch.node.debian 8', 'batch.node.debian 9', 'batch.node.ubuntu 14.04', 'batch.node.opensuse 42.3'];
for (const agent of retiredAgents) agents.set(agent, 'linux');

/** The rows of `/supportedimages`. */
export const supportedImages: readonly SupportedImage[] = images.map((image) => ({
  imageReference: { publisher: image.publisher, offer: image.offer, sku: image.sku, version: 'latest' },
  verificationType: image.verification,
  nodeAgentSKUId: image.agent,
  ...(image.capabilities.length === 0 ? {} : { capabilities: image.capabilities }),
  ...(image.endOfLife === undefined ? {} : { batchSupportEndOfLife: `${image.endOfLife}T00:00:00Z` }),
  osType: image.os,
}));

/** The operating system of a node agent SKU (any case), or undefined when there is no such SKU. */
export function osOfAgent(nodeAgentSkuId: string): OsType | undefined {
  return agents.get(nodeAgentSkuId.toLowerCase());
}

/** The node agent SKU that a catalogued image needs, or undefined for images the catalogue does not know. */
export function agentOfImage(image: { readonly publisher?: string | undefined; readonly offer?: string | undefined; readonly sku?: string | undefined }): string | undefined {
  const [publisher, offer, sku] = [image.publisher, image.offer, image.sku].map((part) => part?.toLowerCase());
  return images.find((row) => row.publisher === publisher && row.offer === offer && row.sku === sku)?.agent;
}
