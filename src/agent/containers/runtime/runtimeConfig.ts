import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { CreateOptions } from './createOptions.ts';
import type { ImageUser } from './imageUser.ts';
import type { ImageConfig } from './store.ts';

/** What of an OCI runtime's configuration is looked at again (OCI runtime specification, "Configuration"). */
export interface RuntimeConfig {
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[]; readonly [name: string]: unknown };
  readonly [name: string]: unknown;
}

export interface ConfigOptions {
  readonly options: CreateOptions;
  readonly image: ImageConfig;
  readonly user: ImageUser;
  /** Where the runtime makes its control group; null: where it likes. */
  readonly cgroupsPath: string | null;
  /** Relative to the bundle. */
  readonly root: string;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What docker leaves to root in a container (docker's documentation, "Runtime privilege and Linux capabilities"). */
const CAPABILITIES = ['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'].map((name) => `CAP_${name}`);
/** capabilities(7), those of Linux 5.9. */
const ALL_CAPABILITIES = [
  ...CAPABILITIES,
  ...['AUDIT_CONTROL', 'AUDIT_READ', 'BLOCK_SUSPEND', 'BPF', 'CHECKPOINT_RESTORE', 'DAC_READ_SEARCH', 'IPC_LOCK', 'IPC_OWNER', 'LEASE', 'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'NET_ADMIN', 'NET_BROADCAST', 'PERFMON'].map((name) => `CAP_${name}`),
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_MODULE', 'SYS_NICE', 'SYS_PACCT', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'SYSLOG', 'WAKE_ALARM'].map((name) => `CAP_${name}`),
];
/** What docker hides of the machine, and what of it can only be read. */
const MASKED = ['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats', '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
/** Of the node, where the network is its own. */
const NETWORK_FILES = ['/etc/hosts', '/etc/resolv.conf'];
const CPU_PERIOD_US = 100_000;

/** A container as docker would make it, for an OCI runtime. */
export function runtimeConfig({ options, image, user, cgroupsPath, root }: ConfigOptions): RuntimeConfig {
  const entrypoint = options.entrypoint ?? image.Entrypoint ?? [];
  // An entry point of the run options is without the image's command.
  const command = options.command.length > 0 || options.entrypoint !== undefined ? options.command : (image.Cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0) throw new Error('no command or entrypoint provided');
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args,
      env: environmentOf(options, image, user),
      cwd: options.workdir ?? (image.WorkingDir === '' ? '/' : image.WorkingDir),
      capabilities: capabilitiesOf(options, user),
      noNewPrivileges: options.noNewPrivileges,
      rlimits: options.ulimits,
    },
    root: { path: root, readonly: options.isReadOnly },
    hostname: options.hostname ?? hostname(),
    mounts: mountsOf(options),
    linux: {
      namespaces: [
        { type: 'mount' },
        { type: 'uts' },
        ...(options.sharesPids ? [] : [{ type: 'pid' }]),
        ...(options.sharesIpc ? [] : [{ type: 'ipc' }]),
        ...(options.network === 'none' ? [{ type: 'network' }] : []),
      ],
      ...(cgroupsPath === null ? {} : { cgroupsPath }),
      resources: resourcesOf(options),
      maskedPaths: options.isPrivileged ? [] : MASKED,
      readonlyPaths: options.isPrivileged ? [] : READ_ONLY,
    },
  };
}

function environmentOf({ environment }: CreateOptions, image: ImageConfig, user: ImageUser): readonly string[] {
  const variables = new Map([['PATH', PATH], ...image.Env.map((line): [string, string] => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]), ...environment]);
  if (!variables.has('HOME')) variables.set('HOME', user.home);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

function capabilitiesOf({ capAdd, capDrop, isPrivileged }: CreateOptions, { uid }: ImageUser): object {
  const added = isPrivileged || capAdd.includes('ALL') ? ALL_CAPABILITIES : capDrop.includes('ALL') ? capAdd : [...new Set([...CAPABILITIES, ...capAdd])];
  const bounding = added.filter((name) => !capDrop.includes(name));
  // Others than root get them by programs alone.
  return uid === 0 ? { bounding, effective: bounding, permitted: bounding } : { bounding, effective: [], permitted: [] };
}

function mountsOf(options: CreateOptions): readonly object[] {
  const { sharesIpc, shmBytes, tmpfs, mounts, isPrivileged, network } = options;
  const taken = new Set([...mounts.map(({ destination }) => destination), ...tmpfs.keys()]);
  const files = network === 'host' ? NETWORK_FILES.filter((path) => existsSync(path)) : [];
  const sysOptions = ['nosuid', 'noexec', 'nodev', ...(isPrivileged ? [] : ['ro'])];
  const base = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'] },
    sharesIpc
      ? { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['rbind'] }
      : { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmBytes}`] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: sysOptions },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'] },
    ...files.map((path) => ({ destination: path, type: 'bind', source: path, options: ['bind', 'ro'] })),
  ];
  return [
    ...base.filter(({ destination }) => !taken.has(destination)),
    ...[...tmpfs].map(([destination, words]) => ({ destination, type: 'tmpfs', source: 'tmpfs', options: words === '' ? ['nosuid', 'nodev', 'mode=1777'] : words.split(',') })),
    ...mounts.map(({ source, destination, isReadOnly }) => ({ destination, type: 'bind', source, options: ['rbind', 'rprivate', ...(isReadOnly ? ['ro'] : [])] })),
  ];
}

function resourcesOf({ mostProcesses, cores, memoryBytes, isPrivileged }: CreateOptions): object {
  return {
    // The runtime allows those beside it that every container has.
    devices: [{ allow: isPrivileged, access: 'rwm' }],
    ...(mostProcesses === undefined || mostProcesses <= 0 ? {} : { pids: { limit: mostProcesses } }),
    ...(cores === undefined || cores <= 0 ? {} : { cpu: { period: CPU_PERIOD_US, quota: Math.round(cores * CPU_PERIOD_US) } }),
    ...(memoryBytes === undefined || memoryBytes <= 0 ? {} : { memory: { limit: memoryBytes } }),
  };
}
