import { takeOver } from '../../cli/interrupt.js';
import { ignoresHangup } from '../../process/host.js';

/** A terminal and npm both pass on one Ctrl-C. */
const SAME_REQUEST_MS = 500;

export type Wish = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Listens for the wish to end from here on; `again` is called for the second and later ones. */
export class Ending {
  /** Resolves with the first wish. */
  readonly asked: Promise<Wish>;
  #first: Wish | undefined;
  #askedMs = 0;
  #twice = false;

  constructor(again: () => void) {
    let resolve: (wish: Wish) => void;
    this.asked = new Promise((done) => (resolve = done));
    const signal = (wish: Wish): void => {
      if (this.#first === undefined) {
        this.#first = wish;
        this.#askedMs = performance.now();
        resolve(wish);
      } else if (performance.now() - this.#askedMs > SAME_REQUEST_MS) {
        this.#twice = true;
        again();
      }
    };
    takeOver({ signal, outlivesOutput: true });
    if (!ignoresHangup()) process.on('SIGHUP', () => signal('SIGHUP'));
  }

  /** Whether somebody has asked more than once, so that what was under way was cut off. */
  get twice(): boolean {
    return this.#twice;
  }
}
