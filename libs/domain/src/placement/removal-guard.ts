/** Removals that Towpath derives itself stop and ask above both of these (design D2). */
export const REMOVAL_SHARE = 1 / 5;
export const REMOVAL_COUNT = 10;

/**
 * Whether a cluster that holds `held` services may lose `removing` of them without a customer's or operator's word.
 * False when they are more than a fifth and at least ten. Deployer and agent both ask.
 */
export function mayRemoveDerived(held: number, removing: number): boolean {
  return removing < REMOVAL_COUNT || removing <= held * REMOVAL_SHARE;
}
