import { isAgentFrame } from '../agent/frameCheck.ts';
import type { AgentFrame } from '../agent/frames.ts';
import type { AgentReport } from '../core/events.ts';
import type { AgentChannel } from '../ports.ts';

export interface AgentDoorOptions {
  isCurrent(): boolean;
  /** Tells the agent of its node; resolves also if it could not and closed the channel. */
  welcome(): Promise<void>;
  said(report: Extract<AgentReport, { kind: 'hello' }>): void;
  reports(frame: Extract<AgentFrame, { kind: 'reports' }>): void;
  answered(frame: Extract<AgentFrame, { kind: 'fileAnswer' }>): void;
}

/** Hands on what one connected agent says. It is welcomed before anything it says leads to a command: what follows its hello waits for that. */
export const listenTo = (life: number, channel: AgentChannel, options: AgentDoorOptions): ((frame: AgentFrame) => void) => {
  let waiting: AgentFrame[] | null = null;
  const greet = async (hello: Extract<AgentFrame, { kind: 'hello' }>): Promise<void> => {
    const held: AgentFrame[] = [];
    waiting = held;
    await options.welcome();
    waiting = null;
    if (!options.isCurrent()) return;
    options.said(hello.report);
    for (const later of held) receive(later);
  };
  const receive = (frame: AgentFrame): void => {
    if (!options.isCurrent()) return;
    if (!isAgentFrame(frame)) return channel.close('no frame of this protocol');
    if (waiting !== null) {
      waiting.push(frame);
      return;
    }
    switch (frame.kind) {
      case 'hello':
        if (frame.report.life !== life) return channel.close('the credential is that of another life');
        void greet(frame);
        return;
      case 'reports':
        return options.reports(frame);
      case 'fileAnswer':
        return options.answered(frame);
    }
  };
  return receive;
};

