export interface UntilOptions {
  /** Milliseconds after which waiting fails, default 10 s. */
  deadlineMs?: number;
  /** What is waited for, for the message of the failure. */
  what?: string;
  /** Milliseconds between two looks, default 20. */
  everyMs?: number;
}

/**
 * Waits until `look` returns something truthy, and returns that. An error thrown by `look` counts as "not yet"
 * and is the cause of the failure when the deadline passes.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<T>> {
  const { deadlineMs = 10_000, what = 'the condition', everyMs = 20 } = options;
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) throw new Error(`${what} did not hold within ${deadlineMs} ms`, { cause });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
