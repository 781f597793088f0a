import { setTimeout as sleep } from 'node:timers/promises';

/** That a member still is one, while it works on a batch: it goes on telling the broker that it lives. */
export class Membership {
  readonly #heartbeat: () => Promise<void>;
  readonly #everyMs: number;
  readonly #beating: NodeJS.Timeout;
  #lostBy: unknown;

  constructor(heartbeat: () => Promise<void>, everyMs: number) {
    this.#heartbeat = heartbeat;
    this.#everyMs = everyMs;
    this.#beating = setInterval(() => {
      heartbeat().catch((error) => {
        this.#lostBy = error;
      });
    }, everyMs);
  }

  /** Throws what the broker answers to one that is no longer a member. */
  async prove(): Promise<void> {
    // The client asks the broker only when its last heartbeat was so long ago.
    await sleep(this.#everyMs + 1);
    await this.#heartbeat();
    if (this.#lostBy) throw this.#lostBy;
  }

  /** The work is done. */
  end(): void {
    clearInterval(this.#beating);
  }
}
