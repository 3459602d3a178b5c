/** A question one life asked. */
export interface Question {
  readonly life: Life;
  readonly dueUs: number;
  outcomes: number;
}

/** A task one life began. */
export interface Job {
  readonly life: Life;
  readonly dueUs: number;
  /** It may end without an outcome: its crash is the owner's. */
  readonly linked: boolean;
  outcomes: number;
}

/** A group one life watches, as the notices tell it; null until the first. */
export interface Watched {
  readonly group: string;
  members: readonly string[] | null;
}

/** What should be true of one actor from `init` to its end; restarts with the last good state are one life. */
export interface Life {
  readonly path: string;
  readonly number: number;
  /** Turns that were completed. */
  turns: number;
  /** The stop hook ran: nothing may be handled any more, unless it asked for time. */
  over: boolean;
  /** Monitors whose notice is still to come, with the path they watch. */
  readonly watching: Map<number, string>;
  /** Addresses watched for good, by token. */
  readonly gone: Set<number>;
  readonly questions: Question[];
  readonly jobs: Job[];
  /** Groups it is in, and those it watches, by token. */
  readonly joined: Set<string>;
  readonly groups: Map<number, Watched>;
  /** Last turn, or other call of a hook. */
  lastUs: number;
  /** When a start that goes on must be over; null once the actor has said that it is there. */
  lateUs: number | null;
}

/** State of a scripted actor: what it believes, held against its life after every turn. */
export interface Belief {
  readonly life: Life;
  turns: number;
  /** Generation of each armed timer. */
  timers: Readonly<Record<string, number>>;
  sum: number;
}

export interface Tick {
  readonly type: 'tick';
  readonly life: Life;
  readonly key: string;
  readonly generation: number;
  readonly dueUs: number;
}

export interface Answered {
  readonly type: 'answered';
  readonly question: Question;
}

export interface JobDone {
  readonly type: 'jobDone';
  readonly job: Job;
}

/** An order on its way: every one sent has a number, and one fate. */
export interface Sent {
  readonly type: string;
  readonly id: number;
  readonly n?: number;
  readonly to?: string;
}
