/** Where time comes from. UTC milliseconds since 1970; passed in everywhere, so tests can step it. */
export interface Clock {
  now(): number;
}
