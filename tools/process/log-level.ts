/** Levels of the log, least first; `silent` logs nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** What a line may have. */
export type LineLevel = Exclude<LogLevel, 'silent'>;
