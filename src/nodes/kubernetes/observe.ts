import type { NodeObservation } from '../../core/events.ts';
import { KUEUE } from './names.ts';
import type { SeenContainer, SeenPod } from './seenPod.ts';

/**
 * What a pod says of its node, in Kubernetes' own words. `events`: of the pod's newest warning; null: none is known.
 *
 * That its agent is dead is vouched for when the pod has ended or is gone: the kubelet says the one, and removes the
 * pod, only after the last process of its container. A kubelet that is silent says neither.
 */
export function observe(pod: SeenPod, events: string | null): NodeObservation {
  if (hasEnded(pod)) return endOf(pod);
  if (pod.endsWithinMs !== null && !pod.isReleased && pod.isLow && pod.machine !== null) return { kind: 'preempting', graceMs: pod.endsWithinMs, reason: takenBackFor(pod) };
  if (pod.phase === 'Running' || pod.phase === 'Unknown') return { kind: 'running' };
  const refused = pod.containers.find(({ waiting }) => waiting !== null && NEVER_STARTS.has(waiting.reason))?.waiting;
  if (refused) return { kind: 'failed', reason: sentence(`${refused.reason}: ${refused.message ?? 'its image cannot be had'}`) };
  return { kind: 'pending', reason: waitsFor(pod, events) };
}

/** No process of it lives. */
export function hasEnded({ phase }: SeenPod): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Of one that is not there any more, by what was last seen of it. */
export function goneOf(pod: SeenPod): NodeObservation {
  if (pod.isReleased) return { kind: 'ended', reason: 'released' };
  if (hasEnded(pod)) return endOf(pod);
  return pod.isLow ? { kind: 'preempted', reason: takenBackFor(pod) } : { kind: 'ended', reason: takenBackFor(pod) };
}

/** What a container waits for that does not come by waiting. */
const NEVER_STARTS: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError', 'RegistryUnavailable', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

/** A pod that failed as a whole, for these, was not refused, but taken back. */
const TAKEN_BACK: ReadonlySet<string> = new Set(['Evicted', 'Preempted', 'Preempting', 'NodeShutdown', 'Shutdown', 'Terminated', 'NodeLost', 'DeadlineExceeded']);

function endOf(pod: SeenPod): NodeObservation {
  if (pod.isReleased) return { kind: 'ended', reason: 'released' };
  const wasTakenBack = pod.endsWithinMs !== null || disruption(pod) !== null || (pod.reason !== null && TAKEN_BACK.has(pod.reason));
  if (wasTakenBack) return pod.isLow ? { kind: 'preempted', reason: takenBackFor(pod) } : { kind: 'ended', reason: takenBackFor(pod) };
  const container = pod.containers.find(({ ended }) => ended !== null && (ended.code !== 0 || ended.reason !== 'Completed'));
  // The kubelet admits no pod for which its machine has no room after all (`OutOfcpu`, `UnexpectedAdmissionError`).
  if (container === undefined && pod.phase === 'Failed') return { kind: 'failed', reason: sentence([pod.reason, pod.message].filter((word) => word !== null).join(': ') || 'Its pod has failed') };
  return { kind: 'ended', reason: deathOf(container) };
}

function deathOf(container: SeenContainer | undefined): string {
  const ended = container?.ended ?? null;
  if (ended === null) return 'the agent has ended';
  if (ended.reason === 'OOMKilled') return 'the node had no memory left: Kubernetes killed its container (OOMKilled)';
  const how = ended.signal === null ? `code ${ended.code}` : `signal ${ended.signal}`;
  return `the agent ended with ${how}${ended.message === null || ended.message === '' ? '' : `: ${ended.message}`}`;
}

/** Says who ends a pod, where the cluster has it ("Pod disruption conditions", Kubernetes 1.26 and later). */
function disruption({ conditions }: SeenPod): string | null {
  const said = conditions.find(({ type, isTrue }) => isTrue && (type === 'DisruptionTarget' || type === 'TerminationTarget'));
  return said === undefined ? null : said.message ?? said.reason ?? said.type;
}

function takenBackFor(pod: SeenPod): string {
  const words = disruption(pod) ?? pod.message;
  const machine = pod.machine === null ? '' : ` on ${pod.machine}`;
  return sentence(words === null || words === '' ? `Kubernetes ends its pod${machine}` : `Kubernetes ends its pod${machine}: ${words}`);
}

function waitsFor(pod: SeenPod, events: string | null): string {
  if (pod.gates.includes(KUEUE.gate)) return sentence(`Kueue has not admitted its pod to the queue ${pod.queue ?? '(none is named)'} yet${events === null ? '' : `: ${events}`}`);
  if (pod.gates.length > 0) return `Its pod is not to be scheduled yet: ${pod.gates.join(', ')}.`;
  const scheduled = pod.conditions.find(({ type }) => type === 'PodScheduled');
  if (pod.machine === null) {
    if (scheduled?.isTrue === false && scheduled.message !== null) return sentence(scheduled.message);
    return sentence(events ?? 'Kubernetes has its pod and has not found a machine for it yet');
  }
  const waiting = pod.containers.find((one) => one.waiting !== null && one.waiting.message !== null)?.waiting;
  return sentence(waiting?.message ?? events ?? `Its container is being made on ${pod.machine}`);
}

/** Pending for a reason that the pod itself does not tell: its events may. */
export function isUntold(pod: SeenPod): boolean {
  if (pod.phase !== 'Pending' || pod.endsWithinMs !== null) return false;
  if (pod.machine !== null) return true;
  return pod.gates.includes(KUEUE.gate) || !pod.conditions.some(({ type, isTrue, message }) => type === 'PodScheduled' && !isTrue && message !== null);
}

const LONGEST_REASON = 1_000;

/** In one line, with its end. */
export function sentence(text: string): string {
  const short = text.trim().replace(/\s+/g, ' ').slice(0, LONGEST_REASON);
  return /[.!?]$/.test(short) ? short : `${short}.`;
}
