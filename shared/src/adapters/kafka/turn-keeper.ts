/** Lets work on one partition begin when what was asked for it before has ended, well or not. */
export class TurnKeeper {
  readonly #last = new Map<number, Promise<void>>();

  /** Resolves and throws as `work` does. */
  take<Result>(partition: number, work: () => Promise<Result>): Promise<Result> {
    const turn = (this.#last.get(partition) ?? Promise.resolve()).then(work);
    this.#last.set(
      partition,
      turn.then(
        () => {},
        () => {},
      ),
    );
    return turn;
  }

  /** Resolves when nothing is under way. */
  async all(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
