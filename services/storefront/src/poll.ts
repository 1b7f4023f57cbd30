/** Asks again and again until there is an end. */

export interface Poll<T> {
  ask(signal: AbortSignal): Promise<T>;
  show(value: T): void;
  /** What went wrong; asking goes on. */
  fail(error: unknown): void;
  done(value: T): boolean;
}

const FIRST = 700;
const LONGEST = 5000;

/** Polls until `done`, or until `signal` aborts; each wait is half as long again as the last, and a hidden page waits. */
export async function poll<T>(work: Poll<T>, signal: AbortSignal, first = FIRST, longest = LONGEST): Promise<void> {
  for (let wait = first; !signal.aborted; wait = Math.min(longest, wait * 1.5)) {
    try {
      const value = await work.ask(signal);
      if (signal.aborted) {
        return;
      }
      work.show(value);
      if (work.done(value)) {
        return;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      work.fail(error);
    }
    await pause(wait, signal);
    await visible(signal);
  }
}

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

async function visible(signal: AbortSignal): Promise<void> {
  while (document.hidden && !signal.aborted) {
    await new Promise<void>((resolve) => {
      document.addEventListener('visibilitychange', () => resolve(), { once: true, signal });
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
