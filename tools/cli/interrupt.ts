/**
 * Ctrl-C and SIGTERM. A program that holds something half done registers a cleanup; the command's end (execute.ts) runs
 * them, newest first. Node delivers a signal only between turns of its event loop, so a long synchronous loop must
 * `await breathe()` now and then, or Ctrl-C waits until it is over.
 */
export type Cleanup = () => void | Promise<void>;

const cleanups = new Set<Cleanup>();

/** Registers `cleanup` to run if the command is interrupted or fails; the returned function takes it back once the work is complete. */
export function onInterrupt(cleanup: Cleanup): () => void {
  // A wrapper of its own, so that one function registered twice runs twice.
  const entry: Cleanup = () => cleanup();
  cleanups.add(entry);
  return () => void cleanups.delete(entry);
}

/** Runs the registered cleanups once, newest first; a cleanup that fails is reported and does not hinder the others. */
export async function runCleanups(report: (error: unknown) => void): Promise<void> {
  const pending = [...cleanups].reverse();
  cleanups.clear();
  for (const cleanup of pending) {
    try {
      await cleanup();
    } catch (error) {
      report(error);
    }
  }
}

const BREATH_EVERY_MS = 40;
let lastBreathMs = 0;

/**
 * Lets signals and timers in, at most every 40 ms; in between it returns undefined, so `await breathe()` once a
 * block of a tape costs next to nothing.
 */
export function breathe(): Promise<void> | undefined {
  const nowMs = performance.now();
  if (nowMs - lastBreathMs < BREATH_EVERY_MS) return undefined;
  lastBreathMs = nowMs;
  return new Promise((resolve) => setImmediate(resolve));
}

/** A command that answers signals itself, because it lives until somebody ends it. */
export interface LongLived {
  signal(signal: 'SIGINT' | 'SIGTERM'): void;
  /** Gets an exception or rejection that nobody caught; left out, it ends the command. */
  fatal?(error: unknown): void;
  /** Whoever read our output may go without ending us. */
  readonly outlivesOutput?: boolean;
}

let longLived: LongLived | undefined;

/** From here on signals go to `owner` instead of ending the command with code 130 or 143. */
export function takeOver(owner: LongLived): void {
  longLived = owner;
}

export function takenOverBy(): LongLived | undefined {
  return longLived;
}

/** For commands that stream until Ctrl-C: that is their end, and a good one. */
export function endsByCtrlC(): void {
  takeOver({ signal: () => process.exit(0) });
}
