import type { ControlClient } from '../../../runtime/control/index.js';
import type { SourceInfo, SourceList } from '../wire/sources.js';
import { LocalSources } from './local.js';
import type { UseClient } from './process.js';

export { SourceError } from './error.js';
export type { UseClient } from './process.js';

/** What can be looked at: processes by their control sockets, run folders, tapes. Ids are `process:NAME`, `run:ID`, `tape:NAME`. */
export interface Sources {
  /** Everything that is known at the moment; the same object until something changes. */
  list(): SourceList;
  info(id: string): SourceInfo | undefined;
  /** Calls `listener` whenever `list()` is another one. The result ends that. */
  changes(listener: () => void): () => void;
  /**
   * The one connection to a process that all share. It does not outlive the process: ask for it again for every call, and use `follow` for
   * subscriptions. A connection has four subscriptions at most, of which the tree takes one. @throws SourceError
   */
  client(id: string): Promise<ControlClient>;
  /** A connection of the caller's own, which the caller closes. @throws SourceError */
  dedicated(id: string): Promise<ControlClient>;
  /**
   * Calls `use` with the shared connection, now if there is one, and again with each that takes its place; the function that it returns is
   * called when that connection ends. The result ends all of it. @throws SourceError when the id is not known
   */
  follow(id: string, use: UseClient): () => void;
  /** The folder of a run. @throws SourceError */
  run(id: string): string;
  /** The file of a tape. @throws SourceError */
  tape(id: string): string;
  close(): void;
}

export interface SourcesOptions {
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Run folders besides those below var/runs. */
  readonly runs?: readonly string[];
  /** Tape files. */
  readonly tapes?: readonly string[];
  /** How often processes are looked for. Default 1000. */
  readonly lookMs?: number;
  /** How long a process is waited for before it counts as silent. Default 4000. */
  readonly answerMs?: number;
}

export function openSources(options: SourcesOptions = {}): Sources {
  return new LocalSources(options);
}
