import type { GangWork } from './frames.ts';
import type { Launcher } from './launcher.ts';
import type { Command } from './script.ts';
import type { User } from './users.ts';

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
  run(command: Command, user: User): Promise<{ readonly kind: 'failed'; readonly exitCode: number } | { readonly kind: 'notLaunched'; readonly message: string } | { readonly kind: 'proceed' | 'ended' }>;
  proceed(): void;
  /** SIGTERM to the command now, SIGKILL at the deadline; what it left is killed with `close`. */
  end(deadlineMs: number): void;
  close(): Promise<void>;
  readonly isDone: boolean;
}

export interface CoordinationOptions {
  readonly launcher: Pick<Launcher, 'launch'>;
  readonly mark: string;
  readonly gang: Pick<GangWork, 'instance'>;
  /** The command has succeeded. */
  readonly onDone: () => void;
}

export function createCoordination({ launcher, mark, gang, onDone }: CoordinationOptions): Coordination {
  let launched: ReturnType<Launcher['launch']> | null = null;
  let isDone = false;
  let isEnded = false;
  let goOn: (how: 'proceed' | 'ended') => void = () => undefined;
  const next = new Promise<'proceed' | 'ended'>((resolve) => {
    goOn = resolve;
  });
  return {
    run: async (command, user) => {
      if (isEnded) return { kind: 'ended' };
      launched = launcher.launch(mark, { ...command, output: 'begin' }, user, 'keep');
      const exit = await launched.exit;
      if (isEnded) return { kind: 'ended' };
      if (exit.kind === 'notLaunched') return exit;
      if (exit.exitCode !== 0) return { kind: 'failed', exitCode: exit.exitCode };
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
