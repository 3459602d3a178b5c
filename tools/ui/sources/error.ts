import { UiError } from '../server/host.js';

/** A source that cannot be had. The message is a sentence with the way out. */
export class SourceError extends UiError {
  constructor(status: 404 | 409 | 503, message: string) {
    super(status, message);
    this.name = 'SourceError';
  }
}
