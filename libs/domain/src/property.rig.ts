/** How many runs a property has: 500, and at least 10,000 in a release run (TOWPATH_RUNS=10). */
export function propertyRuns(): { seed: number; numRuns: number } {
  const seed = Number(process.env['TOWPATH_PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
  const times = Math.max(1, Math.floor(Number(process.env['TOWPATH_RUNS'] ?? '1')));
  const numRuns = Number(process.env['TOWPATH_PROPERTY_RUNS'] ?? (times === 1 ? 500 : 1_000 * times));
  return { seed, numRuns };
}
