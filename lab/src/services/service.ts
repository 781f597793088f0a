export const SERVICE_NAMES = ['kafka', 'redis', 'postgres'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** A real server on 127.0.0.1, in a process and a folder of its own. */
export interface Service {
  readonly name: ServiceName;
  /** The process now; another after `restart`. */
  readonly pid: number;
  /** What the server says goes there. */
  readonly logFile: string;
  /** Resolves with how the process of now ended, wanted or not; never rejects. */
  readonly ended: Promise<string>;
  /** Sends a signal to that one process, such as SIGSTOP and SIGCONT. Does not wait for its effect. */
  signal(name: NodeJS.Signals): void;
  /** kill -9; resolves when it is gone. What was not on the disk is left to the next start's recovery. */
  kill(): Promise<void>;
  /** Ends it cleanly, by force when it does not end in time. Idempotent. */
  stop(): Promise<void>;
  /** Stops it if it runs and starts it on the same folder and port; resolves when it answers. Throws `unavailable`. */
  restart(): Promise<void>;
}
