import { AGENT_PROTOCOL, type AgentFrame } from '../agent/frames.ts';
import type { AgentReport } from '../core/events.ts';

type Hello = Extract<AgentFrame, { kind: 'hello' }>;

/** The error of a node whose agent is of a protocol that this service does not speak (`speaksWith`). */
export const AGENT_NOT_SUPPORTED = 'NodeAgentNotSupported';

/** In one sentence, as its node shows it and its own log. */
export function whyNotSupported({ protocol }: Hello): string {
  return `The agent speaks protocol ${protocol}, this service ${AGENT_PROTOCOL}: they may be one apart.`;
}

/**
 * What the rules are told of such a node. It is unusable, and shows why; what runs there goes on until its agent is
 * given up as one that is silent is, and the node begins its next life. Nothing but the two texts is taken from the
 * hello, whose shape is not ours.
 */
export function reportsOf(hello: Hello, life: number): readonly AgentReport[] {
  const said: Partial<Record<'version' | 'ipAddress', unknown>> = typeof hello.report === 'object' && hello.report !== null ? hello.report : {};
  const version = textOf(said.version, 'unknown');
  const message = `${whyNotSupported(hello)} It is of release ${version}. The node takes no tasks until it has an agent of a release that is next to this one, or the same.`;
  return [
    { kind: 'hello', life, version, ipAddress: textOf(said.ipAddress, ''), held: [], startTask: null, ready: false },
    { kind: 'unusable', errors: [{ code: AGENT_NOT_SUPPORTED, message }] },
  ];
}

const LONGEST_TEXT = 100;

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : otherwise;
}
