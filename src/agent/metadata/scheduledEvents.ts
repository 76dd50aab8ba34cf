import { randomUUID } from 'node:crypto';
import type { Instant } from '../../core/keys.ts';

/**
 * What programs of a node are told of its future: the scheduled events of Azure's instance metadata service (Azure
 * documentation, "Scheduled Events for Linux VMs"), of which a low-priority node knows one, `Preempt`. The document
 * changes when the node is to be taken back, and when that begins: its time has come, or a program has approved of it.
 */
export interface ScheduledEvents {
  /** The node is taken back at that instant. Said again, it counts once. */
  preempt(notBefore: Instant): void;
  /** As programs of that version of the API see it. */
  document(version: string): object;
  /** Programs approve of these events. Returns false if one of them is none. */
  approve(eventIds: readonly string[]): boolean;
}

/** What each version has brought, oldest first. */
const VERSIONS = [
  { version: '2017-08-01', brings: [] },
  { version: '2017-11-01', brings: ['Preempt'] },
  { version: '2019-01-01', brings: [] },
  { version: '2019-04-01', brings: ['Description'] },
  { version: '2019-08-01', brings: ['EventSource'] },
  { version: '2020-07-01', brings: ['DurationInSeconds'] },
] as const;
type Brought = (typeof VERSIONS)[number]['brings'][number];

export function isKnownVersion(version: string | null): version is string {
  return VERSIONS.some((known) => known.version === version);
}

export const NEWEST_VERSIONS: readonly string[] = VERSIONS.map(({ version }) => version).toReversed().slice(0, 3);

function has(version: string, what: Brought): boolean {
  return VERSIONS.some((known) => known.version <= version && known.brings.some((brought) => brought === what));
}

interface Options {
  readonly nodeId: string;
  readonly now: () => Instant;
  /** A program has approved of the preemption, for the first time. */
  readonly onApproved: () => void;
}

const DESCRIPTION = 'The low-priority node is being taken back by its provider.';
/** The documented value where a duration does not apply. */
const NO_DURATION = -1;

export function createScheduledEvents({ nodeId, now, onApproved }: Options): ScheduledEvents {
  let event: { readonly id: string; readonly notBefore: Instant; isApproved: boolean } | null = null;
  return {
    preempt: (notBefore) => {
      event ??= { id: randomUUID().toUpperCase(), notBefore, isApproved: false };
    },
    document: (version) => {
      if (event === null || !has(version, 'Preempt')) return { DocumentIncarnation: 1, Events: [] };
      const isStarted = event.isApproved || event.notBefore <= now();
      const preempt = {
        EventId: event.id,
        EventStatus: isStarted ? 'Started' : 'Scheduled',
        EventType: 'Preempt',
        ResourceType: 'VirtualMachine',
        Resources: [nodeId],
        NotBefore: isStarted ? '' : new Date(event.notBefore).toUTCString(),
        ...(has(version, 'Description') ? { Description: DESCRIPTION } : {}),
        ...(has(version, 'EventSource') ? { EventSource: 'Platform' } : {}),
        ...(has(version, 'DurationInSeconds') ? { DurationInSeconds: NO_DURATION } : {}),
      };
      return { DocumentIncarnation: isStarted ? 3 : 2, Events: [preempt] };
    },
    approve: (eventIds) => {
      const present = event;
      if (present === null || eventIds.some((id) => id.toUpperCase() !== present.id)) return false;
      if (!present.isApproved) onApproved();
      present.isApproved = true;
      return true;
    },
  };
}
