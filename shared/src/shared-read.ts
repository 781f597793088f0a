/**
 * One read for everybody who asks at the same time, and never an old one: who asks while a read is running shares the
 * *next* read, which begins after they asked. So an answer is as fresh as a read of its own, at the price of few reads.
 */
export class SharedRead<Value> {
  readonly #read: () => Promise<Value>;
  #running: Promise<Value> | null = null;
  #next: Promise<Value> | null = null;

  constructor(read: () => Promise<Value>) {
    this.#read = read;
  }

  get(): Promise<Value> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(this.#beginNext, this.#beginNext);
    return this.#next;
  }

  #begin(): Promise<Value> {
    const running = this.#read();
    const end = () => {
      if (this.#running === running) this.#running = null;
    };
    this.#running = running;
    running.then(end, end);
    return running;
  }

  readonly #beginNext = (): Promise<Value> => {
    this.#next = null;
    return this.#begin();
  };
}
