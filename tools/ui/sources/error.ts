/** A source that cannot be had. `status` is the one that HTTP has for it; the message is a sentence with the way out. */
export class SourceError extends Error {
  readonly status: number;

  constructor(status: 404 | 409 | 503, message: string) {
    super(message);
    this.name = 'SourceError';
    this.status = status;
  }
}
