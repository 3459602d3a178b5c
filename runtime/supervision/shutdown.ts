import type { FailureCause } from '../types.js';
import { toFailureCause } from '../core/failure.js';

/** Phases of a coordinated shutdown, in order. The tree is stopped in `stop-tree`, after that phase's tasks. */
export const SHUTDOWN_PHASES = ['stop-intake', 'cancel-orders', 'drain', 'persist', 'stop-tree', 'flush-logs'] as const;
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

export interface ShutdownReport {
  readonly reason: string;
  /** False when the deadline (or a second request) cut it short. */
  readonly completed: boolean;
  readonly failed: readonly { readonly phase: ShutdownPhase; readonly task: string; readonly cause: FailureCause }[];
  readonly skipped: readonly { readonly phase: ShutdownPhase; readonly task: string }[];
}

interface Task {
  readonly phase: ShutdownPhase;
  readonly name: string;
  readonly run: () => void | Promise<void>;
}

/**
 * Ends a process in good order: the tasks of a phase run together, phases one after the other, under one
 * overall deadline. Runs once, whoever asks and however often.
 */
export class CoordinatedShutdown {
  private readonly tasks: Task[] = [];
  private running: Promise<ShutdownReport> | null = null;
  private cutShort: (() => void) | null = null;

  /** Adds a task; false when the shutdown has begun and it will not run. */
  add(phase: ShutdownPhase, name: string, run: () => void | Promise<void>): boolean {
    if (this.running !== null) return false;
    this.tasks.push({ phase, name, run });
    return true;
  }

  get begun(): boolean {
    return this.running !== null;
  }

  /**
   * @param deadlineMs for everything together
   * @param stopTree asks the tree to stop; resolves when it has
   * @param fence cuts off what is left of the tree
   */
  begin(reason: string, deadlineMs: number, stopTree: () => Promise<void>, fence: () => void): Promise<ShutdownReport> {
    this.running ??= this.run(reason, deadlineMs, stopTree, fence);
    return this.running;
  }

  /** A second signal: do not wait any longer. */
  hurry(): void {
    this.cutShort?.();
  }

  private async run(reason: string, deadlineMs: number, stopTree: () => Promise<void>, fence: () => void): Promise<ShutdownReport> {
    const failed: { phase: ShutdownPhase; task: string; cause: FailureCause }[] = [];
    const open = new Set<Task>(this.tasks);
    let timer: NodeJS.Timeout | undefined;
    const cut = new Promise<'cut'>((resolve) => {
      this.cutShort = () => resolve('cut');
      timer = setTimeout(() => resolve('cut'), deadlineMs);
    });
    const attempt = async (task: Task): Promise<void> => {
      try {
        await task.run();
      } catch (thrown) {
        failed.push({ phase: task.phase, task: task.name, cause: toFailureCause(thrown) });
      }
      open.delete(task);
    };
    let completed = true;
    for (const phase of SHUTDOWN_PHASES) {
      const tasks = this.tasks.filter((task) => task.phase === phase);
      const all = Promise.all(tasks.map(attempt)).then(() => (phase === 'stop-tree' ? stopTree() : undefined));
      if ((await Promise.race([all, cut])) === 'cut') {
        completed = false;
        break;
      }
    }
    clearTimeout(timer);
    fence();
    return { reason, completed, failed, skipped: [...open].map((task) => ({ phase: task.phase, task: task.name })) };
  }
}
