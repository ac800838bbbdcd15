/** How many times as much as CI a run does: TOWPATH_RUNS, 1 when absent; a release runs 10. */
export function crashRuns(): number {
  return Math.max(1, Math.floor(Number(process.env['TOWPATH_RUNS'] ?? '1')));
}

/** TOWPATH_SEED, or one of the moment; printed, so that a failing run can be had again. */
export function crashSeed(): number {
  return Number(process.env['TOWPATH_SEED'] ?? Date.now() % 2 ** 31);
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
