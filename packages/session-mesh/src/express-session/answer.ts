/**
 * Methods that answer through a callback or, without one, through a promise, as session stores do.
 *
 * What is known at once is called back at once: express-session then goes on in the same turn.
 *
 * Not here: what is answered.
 */

/** Called when done: with an error, or with null and the result. */
export type Answer<T> = (error: unknown, result?: T) => void;

/**
 * Runs `work` and hands its result on. A promise that nobody looks at never ends the process; what a
 * callback throws is thrown to whoever called, or outside of everything if it was called later.
 */
export function answer<T>(
  work: () => T | Promise<T>,
  callback: Answer<T> | undefined,
): Promise<T> | undefined {
  let result: T | Promise<T>;
  try {
    result = work();
  } catch (error) {
    result = Promise.reject(error);
    if (callback !== undefined) {
      result.catch(() => {});
      callback(error);
      return undefined;
    }
  }
  if (callback === undefined) {
    const promise = Promise.resolve(result);
    promise.catch(() => {});
    return promise;
  }
  if (!(result instanceof Promise)) succeed(callback, result);
  else {
    result.then(
      (value) => process.nextTick(() => succeed(callback, value)),
      (error: unknown) => process.nextTick(callback, error),
    );
  }
  return undefined;
}

/** Without a result the callback gets no argument at all, as from express-session's own stores. */
function succeed<T>(callback: Answer<T>, result: T): void {
  if (result === undefined) (callback as () => void)();
  else callback(null, result);
}
