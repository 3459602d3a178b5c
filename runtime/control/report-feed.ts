import { plainCopy, type Runtime, type SupervisorReport } from '../index.js';
import type { ToThread } from './link.js';

/** Reports kept between two looks; what is more is dropped with a count. */
const MOST = 256;
const COPY = { depth: 8, entries: 100, values: 1_000, textLength: 2_000 };

/**
 * Hands supervisor reports to the socket's thread while somebody reads them. A report is only put aside when it is made; copying it
 * waits for the next look. Follows the process from one runtime to the next, by one look at most too late.
 */
export class ReportFeed {
  readonly #runtime: () => Runtime | null;
  readonly #everyMs: number;
  readonly #post: (message: ToThread) => void;
  #timer: NodeJS.Timeout | null = null;
  /** A finished runtime must not be kept by who listens to it. */
  #heard: WeakRef<Runtime> | null = null;
  #stopHearing: () => void = () => undefined;
  #reports: SupervisorReport[] = [];
  #dropped = 0;

  constructor(runtime: () => Runtime | null, everyMs: number, post: (message: ToThread) => void) {
    this.#runtime = runtime;
    this.#everyMs = everyMs;
    this.#post = post;
  }

  want(wanted: boolean): void {
    if (!wanted) {
      this.stop();
    } else if (this.#timer === null) {
      this.#listen();
      this.#timer = setInterval(() => this.#look(), this.#everyMs).unref();
    }
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#stopHearing();
    this.#heard = null;
    this.#reports = [];
    this.#dropped = 0;
  }

  #look(): void {
    this.#listen();
    if (this.#reports.length === 0) return;
    const reports = this.#reports.map((report) => plainCopy(report, COPY));
    this.#post({ kind: 'reports', reports, dropped: this.#dropped });
    this.#reports = [];
    this.#dropped = 0;
  }

  #listen(): void {
    const runtime = this.#runtime();
    if (runtime === null || this.#heard?.deref() === runtime) return;
    this.#stopHearing();
    this.#heard = new WeakRef(runtime);
    this.#stopHearing = runtime.onReport((report) => {
      if (this.#reports.length < MOST) this.#reports.push(report);
      else this.#dropped++;
    });
  }
}
