/** A long-lived process: its log and its end. Folders are the environment's: FAULTLINE_RUN_DIR and FAULTLINE_LOG_DIR, docs/operations.md. */
import { z } from 'zod';

export const processSchema = z.strictObject({
  /** Least level that is logged; `faultline log-level` changes it while the process runs. */
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
  /** A log file is closed, between two lines, before it grows beyond this … */
  logMaxBytes: z.int().min(4096).max(1_073_741_824).default(16_777_216),
  /** … or is older than this; 0: never. */
  logMaxAgeHours: z.number().min(0).max(87_600).default(24),
  /** Closed log files that are kept, the newest … */
  logKeepFiles: z.int().min(0).max(10_000).default(30),
  /** … and none older than this; 0: whatever their age. */
  logKeepDays: z.number().min(0).max(36_500).default(30),
  /** Everything from the first signal to the exit must fit in this; longer is cut off, exit code 12. Keep a process manager's own limit 10 s above. */
  shutdownDeadlineMs: z.int().min(100).max(3_600_000).default(15_000),
  /** Dead letters logged one by one; what follows is counted, until none has come for five minutes. */
  deadLettersLogged: z.int().min(0).max(100_000).default(10),
});
export type ProcessParams = z.infer<typeof processSchema>;
