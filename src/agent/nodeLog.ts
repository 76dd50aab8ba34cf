import { say } from './log.ts';
import type { Report, Reports } from './reports.ts';

/** The outbox; what it hears of the node itself stands in the agent's log as well. Of tasks nothing does. */
export function logged(reports: Reports): Reports {
  return {
    ...reports,
    get sequence() {
      return reports.sequence;
    },
    get unacknowledged() {
      return reports.unacknowledged;
    },
    add: (report) => {
      const line = lineOf(report);
      if (line !== null) say(line);
      reports.add(report);
    },
  };
}

function lineOf(report: Report): string | null {
  switch (report.kind) {
    case 'ready':
      return 'the node is ready';
    case 'unusable':
    case 'notice':
      return `the node ${report.kind === 'unusable' ? 'is unusable' : 'works, and has to say'}: ${report.errors.map(({ code }) => code).join(', ') || 'nothing'}`;
    case 'startTask': {
      const { state, exitCode, failure, retryCount } = report.status;
      return `the start task ${state === 'running' ? 'runs' : `has ended with ${failure?.code ?? `exit code ${exitCode}`}`}, retries: ${retryCount}`;
    }
    default:
      return null;
  }
}
