/** What a face adds to a refusal beside its code and text. */
export interface VenueErrorDetails {
  /** HTTP status and the websocket API's `status`; 400 unless told otherwise. */
  readonly status?: number;
  /** Further HTTP headers, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The `data` member of the error object, as -2021 and -1003 have it. */
  readonly data?: unknown;
}

/** A refusal in the venue's own words: what the client reads as `{code, msg}`. Engines and faces throw it; it never means a defect. */
export class VenueError extends Error {
  readonly code: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly data: unknown;

  constructor(code: number, message: string, details: VenueErrorDetails = {}) {
    super(message);
    this.name = 'VenueError';
    this.code = code;
    this.status = details.status ?? 400;
    this.headers = details.headers;
    this.data = details.data;
  }
}
