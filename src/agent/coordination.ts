import type { FailureInfo } from '../core/status.ts';
import type { GangWork } from './frames.ts';

/** How the process of a run ended, wherever it ran. */
export type ProcessEnd = Exited | { readonly kind: 'failed'; readonly failure: FailureInfo };

export interface Exited {
  readonly kind: 'exited';
  readonly exitCode: number;
  /** The system has killed a process of it, for its node had no more. */
  readonly lackedMemory: boolean;
}

/** A process of a run, on the node or in a container. */
export interface LaunchedProcess {
  readonly exit: Promise<ProcessEnd>;
  /** SIGTERM now, SIGKILL at the deadline; 0: SIGKILL now. */
  end(deadlineMs: number): void;
}

/** One that leaves something behind. */
export interface LeavingProcess extends LaunchedProcess {
  /** Kills what it left. Resolves when nothing of it is there. */
  endLeftovers(): Promise<void>;
}

/**
 * The first half of an instance of a multi-instance task (Batch documentation, "Use multi-instance tasks"): its
 * coordination command runs, and what that leaves behind (a daemon that others connect to) goes on. Then the primary
 * waits to be told that the commands of all have succeeded, the others wait to be ended. Whatever happens, all of it is
 * over with `close`.
 */
export interface Coordination {
  /**
   * Resolves with the exit code of the command when it is not 0, or with what came then: the primary is to go on, or it
   * was ended. Throws what is against its launch.
   */
  run(launch: () => LeavingProcess): Promise<{ readonly kind: 'exited'; readonly exitCode: number } | { readonly kind: 'failed'; readonly failure: FailureInfo } | { readonly kind: 'proceed' | 'ended' }>;
  proceed(): void;
  /** SIGTERM to the command now, SIGKILL at the deadline; what it left is killed with `close`. */
  end(deadlineMs: number): void;
  close(): Promise<void>;
  readonly isDone: boolean;
}

export interface CoordinationOptions {
  readonly gang: Pick<GangWork, 'instance'>;
  /** The command has succeeded. */
  readonly onDone: () => void;
}

export function createCoordination({ gang, onDone }: CoordinationOptions): Coordination {
  let launched: LeavingProcess | null = null;
  let isDone = false;
  let isEnded = false;
  let goOn: (how: 'proceed' | 'ended') => void = () => undefined;
  const next = new Promise<'proceed' | 'ended'>((resolve) => {
    goOn = resolve;
  });
  return {
    run: async (launch) => {
      if (isEnded) return { kind: 'ended' };
      launched = launch();
      const exit = await launched.exit;
      if (isEnded) return { kind: 'ended' };
      if (exit.kind === 'failed' || exit.exitCode !== 0) return exit;
      isDone = true;
      onDone();
      return { kind: await next };
    },
    proceed: () => {
      if (gang.instance === 0) goOn('proceed');
    },
    end: (deadlineMs) => {
      isEnded = true;
      launched?.end(deadlineMs);
      goOn('ended');
    },
    close: async () => {
      await launched?.endLeftovers();
    },
    get isDone() {
      return isDone;
    },
  };
}
