/** The part of pino's interface that Berth uses: keys first, then a constant message. */
export interface Log {
  debug(keys: object, message: string): void;
  info(keys: object, message: string): void;
  warn(keys: object, message: string): void;
  error(keys: object, message: string): void;
  child(keys: object): Log;
}

/** Says nothing; for tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
