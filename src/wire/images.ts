import { lowerAscii } from './letters.ts';
import { editDistance } from './spelling.ts';
import type { OsType, SupportedImage, VerificationType } from './types.generated.ts';

/** The parts that name an image of the marketplace, in any case. */
export interface ImageName {
  readonly publisher?: string | undefined;
  readonly offer?: string | undefined;
  readonly sku?: string | undefined;
}

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

/**
 * publisher, offer, sku, node agent SKU (without `batch.node.`), v(erified) or u(nverified), capabilities, end of life.
 */
type CompactRow = readonly [string, string, string, string, 'v' | 'u', string?, string?];

const GEN2 = 'Generation2VMImage';
const DOCKER = 'DockerCompatible';
const NVIDIA = 'NvidiaTeslaDriverInstalled';
const GRID = 'NvidiaGridDriverInstalled';
const RDMA = 'SupportsRDMAOnly';
const MPI = 'IntelMPIRuntimeInstalled';

/**
 * The catalogue of `/supportedimages`, in its recorded order: by publisher, offer and SKU. Its rows are those recorded
 * in April 2024 (2024-02-01.19.0), with ends of support made known since, and others that clients and samples look for:
 * older and newer ones. Programs choose a node agent SKU and an operating system here; nodes run what their machine
 * runs.
 */
const rows: readonly CompactRow[] = [
  ['almalinux', 'almalinux', '8-gen1', 'el 8', 'u'],
  ['almalinux', 'almalinux', '8-gen2', 'el 8', 'u', GEN2],
  ['almalinux', 'almalinux', '8_4', 'el 8', 'u'],
  ['almalinux', 'almalinux', '8_4-gen2', 'el 8', 'u', GEN2],
  ['almalinux', 'almalinux', '8_5', 'el 8', 'u'],
  ['almalinux', 'almalinux', '8_5-gen2', 'el 8', 'u', GEN2],
  ['almalinux', 'almalinux', '9-gen1', 'el 9', 'v'],
  ['almalinux', 'almalinux', '9-gen2', 'el 9', 'u', GEN2],
  ['almalinux', 'almalinux-hpc', '8-hpc-gen1', 'el 8', 'u', `${RDMA} ${MPI}`],
  ['almalinux', 'almalinux-hpc', '8-hpc-gen2', 'el 8', 'u', `${RDMA} ${MPI} ${GEN2}`],
  ['almalinux', 'almalinux-hpc', '8_5-hpc', 'el 8', 'u', `${RDMA} ${MPI}`],
  ['almalinux', 'almalinux-hpc', '8_5-hpc-gen2', 'el 8', 'u', `${RDMA} ${MPI} ${GEN2}`],
  ['almalinux', 'almalinux-hpc', '8_6-hpc', 'el 8', 'u', `${RDMA} ${MPI}`],
  ['almalinux', 'almalinux-hpc', '8_6-hpc-gen2', 'el 8', 'u', `${RDMA} ${MPI} ${GEN2}`],
  ['batch', 'rendering-centos73', 'rendering', 'centos 7', 'v', '', '2024-02-29'],
  ['batch', 'rendering-windows2016', 'rendering', 'windows amd64', 'v', '', '2024-02-29'],
  ['canonical', '0001-com-ubuntu-server-focal', '20_04-lts', 'ubuntu 20.04', 'v', '', '2025-04-22'],
  ['canonical', '0001-com-ubuntu-server-focal', '20_04-lts-gen2', 'ubuntu 20.04', 'v', GEN2, '2025-04-22'],
  ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', 'ubuntu 22.04', 'v'],
  ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-gen2', 'ubuntu 22.04', 'u', GEN2],
  ['canonical', 'ubuntu-24_04-lts', 'server', 'ubuntu 24.04', 'v', GEN2],
  ['canonical', 'ubuntu-24_04-lts', 'server-gen1', 'ubuntu 24.04', 'v'],
  ['canonical', 'ubuntuserver', '16.04-lts', 'ubuntu 16.04', 'v', '', '2021-05-21'],
  ['canonical', 'ubuntuserver', '18.04-lts', 'ubuntu 18.04', 'v', '', '2023-06-01'],
  ['canonical', 'ubuntuserver', '18_04-lts-gen2', 'ubuntu 18.04', 'v', GEN2, '2023-06-01'],
  ['debian', 'debian-10', '10', 'debian 10', 'v', '', '2024-06-30'],
  ['debian', 'debian-10', '10-gen2', 'debian 10', 'v', GEN2, '2024-06-30'],
  ['debian', 'debian-11', '11', 'debian 11', 'v'],
  ['debian', 'debian-11', '11-gen2', 'debian 11', 'v', GEN2],
  ['debian', 'debian-12', '12', 'debian 12', 'v'],
  ['debian', 'debian-12', '12-gen2', 'debian 12', 'v', GEN2],
  ['microsoft-azure-batch', 'centos-container', '7-8', 'centos 7', 'v', DOCKER, '2024-06-30'],
  ['microsoft-azure-batch', 'centos-container', '7-9', 'centos 7', 'v', `${DOCKER} ${NVIDIA} ${GRID}`, '2024-06-30'],
  ['microsoft-azure-batch', 'centos-container-rdma', '7-9', 'centos 7', 'v', `${DOCKER} ${NVIDIA} ${RDMA} ${MPI}`, '2024-06-30'],
  ['microsoft-azure-batch', 'ubuntu-server-container', '20-04-lts', 'ubuntu 20.04', 'v', `${DOCKER} ${NVIDIA} ${GRID}`, '2025-04-22'],
  ['microsoft-azure-batch', 'ubuntu-server-container-rdma', '20-04-lts', 'ubuntu 20.04', 'v', `${DOCKER} ${NVIDIA} ${RDMA} ${MPI}`],
  ['microsoft-dsvm', 'dsvm-win-2019', 'winserver-2019', 'windows amd64', 'u', DOCKER],
  ['microsoft-dsvm', 'ubuntu-2004', '2004', 'ubuntu 20.04', 'u', NVIDIA],
  ['microsoft-dsvm', 'ubuntu-2004', '2004-gen2', 'ubuntu 20.04', 'u', NVIDIA],
  ['microsoft-dsvm', 'ubuntu-hpc', '2004', 'ubuntu 20.04', 'v', `${DOCKER} ${RDMA} ${GEN2} ${MPI}`, '2025-04-22'],
  ['microsoft-dsvm', 'ubuntu-hpc', '2204', 'ubuntu 22.04', 'v', `${DOCKER} ${RDMA} ${GEN2} ${MPI}`],
  ['microsoft-dsvm', 'ubuntu-hpc', '2404', 'ubuntu 24.04', 'v', `${DOCKER} ${NVIDIA} ${GEN2}`],
  ['microsoftcblmariner', 'cbl-mariner', 'cbl-mariner-2', 'mariner 2.0', 'v', '', '2025-07-31'],
  ['microsoftcblmariner', 'cbl-mariner', 'cbl-mariner-2-gen2', 'mariner 2.0', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2008-r2-sp1', 'windows amd64', 'u', '', '2024-01-09'],
  ['microsoftwindowsserver', 'windowsserver', '2008-r2-sp1-smalldisk', 'windows amd64', 'u', '', '2024-01-09'],
  ['microsoftwindowsserver', 'windowsserver', '2012-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2012-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2012-r2-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2012-r2-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter-gensecond', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter-gs', 'windows amd64', 'u'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2016-datacenter-smalldisk-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-core', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-core-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-core-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-core-smalldisk-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-gensecond', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-gs', 'windows amd64', 'u'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2019-datacenter-smalldisk-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-azure-edition', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-azure-edition-smalldisk', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-core', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-core-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-core-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-core-smalldisk-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-g2', 'windows amd64', 'u', GEN2],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-smalldisk', 'windows amd64', 'v'],
  ['microsoftwindowsserver', 'windowsserver', '2022-datacenter-smalldisk-g2', 'windows amd64', 'u', GEN2],
  ['openlogic', 'centos', '7_9', 'centos 7', 'v', '', '2024-06-30'],
  ['openlogic', 'centos', '7_9-gen2', 'centos 7', 'v', GEN2, '2024-06-30'],
  ['openlogic', 'centos', '8_5', 'centos 8', 'u', '', '2022-05-31'],
  ['openlogic', 'centos-hpc', '7_9', 'centos 7', 'u', `${RDMA} ${MPI}`, '2024-06-30'],
  ['openlogic', 'centos-hpc', '7_9-gen2', 'centos 7', 'u', `${RDMA} ${MPI} ${GEN2}`, '2024-06-30'],
  ['oracle', 'oracle-linux', '7.4', 'centos 7', 'u', '', '2024-06-30'],
  ['oracle', 'oracle-linux', '78', 'centos 7', 'u', '', '2024-06-30'],
  ['oracle', 'oracle-linux', '81', 'el 8', 'u'],
  ['xilinx', 'xilinx_alveo_u250_deployment_vm_centos78_032321', 'xilinx_alveo_u250_deployment_vm_centos78_032321', 'centos 7', 'u', '', '2024-06-30'],
  ['xilinx', 'xilinx_alveo_u250_deployment_vm_ubuntu2004_062421', 'xilinx_alveo_u250_deployment_vm_ubuntu_2004_062421', 'ubuntu 20.04', 'u'],
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
const RETIRED_AGENTS = ['batch.node.debian 8', 'batch.node.debian 9', 'batch.node.ubuntu 14.04', 'batch.node.opensuse 42.3'];
for (const agent of RETIRED_AGENTS) agents.set(agent, 'linux');

/** The rows of `/supportedimages`. */
export const supportedImages: readonly SupportedImage[] = images.map((image) => ({
  imageReference: { publisher: image.publisher, offer: image.offer, sku: image.sku, version: 'latest' },
  verificationType: image.verification,
  nodeAgentSKUId: image.agent,
  ...(image.capabilities.length === 0 ? {} : { capabilities: image.capabilities }),
  ...(image.endOfLife === undefined ? {} : { batchSupportEndOfLife: `${image.endOfLife}T00:00:00Z` }),
  osType: image.os,
}));

/**
 * Offers that Batch has had or may well have, whose images the catalogue does not list one by one: any SKU of them is
 * taken.
 */
const OTHER_OFFERS: ReadonlySet<string> = new Set([
  'batch/rendering-windows2019',
  'canonical/0001-com-ubuntu-confidential-vm-jammy',
  'canonical/0001-com-ubuntu-minimal-jammy',
  'canonical/0001-com-ubuntu-server-lunar',
  'canonical/0001-com-ubuntu-server-mantic',
  'canonical/ubuntu-22_04-lts',
  'canonical/ubuntu-26_04-lts',
  'credativ/debian',
  'almalinux/almalinux-arm',
  'almalinux/almalinux-x86_64',
  'debian/debian-9',
  'debian/debian-13',
  'microsoft-azure-batch/centos-container-rdma',
  'microsoft-azure-batch/ubuntu-server-container-rdma',
  'microsoft-azure-batch/windows-container',
  'microsoft-dsvm/aml-workstation',
  'microsoft-dsvm/dsvm-win-2019',
  'microsoft-dsvm/dsvm-win-2022',
  'microsoft-dsvm/dsvm-windows',
  'microsoft-dsvm/linux-data-science-vm-ubuntu',
  'microsoft-dsvm/ubuntu-1804',
  'microsoft-dsvm/ubuntu-2004',
  'microsoftcblmariner/azure-linux-3',
  'microsoftwindowsserver/microsoftserveroperatingsystems-previews',
  'microsoftwindowsserver/windowsserverdotnet',
  'microsoftwindowsserver/windowsserversemiannual',
  'openlogic/centos-hpc',
  'oracle/oracle-linux',
  'redhat/rhel',
  'rocky/rockylinux-x86_64',
  'resf/rockylinux-x86_64',
  'suse/sles',
  'suse/sles-hpc',
  'suse/sles-15-sp5',
  'xilinx/xilinx_alveo_u250_deployment_vm_centos78_032321',
  'xilinx/xilinx_alveo_u250_deployment_vm_ubuntu2004_062421',
]);

/**
 * Why an image of the marketplace is refused, or undefined: nobody has its offer, or it is an image of the catalogue
 * written otherwise (parts swapped or misspelt), which is then named. A SKU unlike those of its offer is taken: new
 * ones appear every month.
 */
export function imageProblem(image: Required<{ readonly [Part in keyof ImageName]: string }>): string | undefined {
  const asked = [image.publisher, image.offer, image.sku].map(lowerAscii);
  const [publisher = '', offer = ''] = asked;
  if (agentOfImage(image) !== undefined) return undefined;
  const isKnownOffer = OTHER_OFFERS.has(`${publisher}/${offer}`) || images.some((row) => row.publisher === publisher && row.offer === offer);
  const meant = images.find((row) => isMeant(asked, [row.publisher, row.offer, row.sku]));
  if (isKnownOffer && meant === undefined) return undefined;
  const sentence = `The specified imageReference with publisher ${image.publisher} offer ${image.offer} sku ${image.sku} is not supported.`;
  return meant === undefined ? sentence : `${sentence} There is one with publisher ${meant.publisher} offer ${meant.offer} sku ${meant.sku}.`;
}

/** Most letters in which a misspelt name differs, all parts together. */
const MISSPELT_LETTERS = 3;

/**
 * Whether the parts are those of an image in another order, with other separators, or with few wrong letters: digits
 * are versions, and never misspelt ones.
 */
function isMeant(asked: readonly string[], image: readonly string[]): boolean {
  if (asked.toSorted().join('/') === image.toSorted().join('/')) return true;
  const distances = image.map((part, index) => spellingDistance(asked[index] ?? '', part));
  return distances.reduce((sum, distance) => sum + distance, 0) <= MISSPELT_LETTERS;
}

function spellingDistance(asked: string, meant: string): number {
  const [left, right] = [asked, meant].map((text) => text.replaceAll(/[^a-z0-9]/g, ''));
  if (left === undefined || right === undefined || left === right) return 0;
  if (left.replaceAll(/\D/g, '') !== right.replaceAll(/\D/g, '') || Math.abs(left.length - right.length) > MISSPELT_LETTERS) return Infinity;
  return editDistance(left, right);
}

/** The operating system of a node agent SKU (any case), or undefined when there is no such SKU. */
export function osOfAgent(nodeAgentSkuId: string): OsType | undefined {
  return agents.get(lowerAscii(nodeAgentSkuId));
}

/** The node agent SKU that a catalogued image needs, or undefined for images the catalogue does not know. */
export function agentOfImage(image: ImageName): string | undefined {
  const [publisher, offer, sku] = [image.publisher, image.offer, image.sku].map((part) => part && lowerAscii(part));
  return images.find((row) => row.publisher === publisher && row.offer === offer && row.sku === sku)?.agent;
}
