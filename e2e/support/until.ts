/**
 * Waits until `probe` gives something (not undefined, not false).
 * @param deadlineMs how long at most; the last error or value goes into the message of the failure
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    // by when the last look began: one that takes long does not say what was so at its end
    const isLast = Date.now() > end;
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (isLast) throw new Error(`not within ${deadlineMs} ms: ${what} (last: ${String(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
