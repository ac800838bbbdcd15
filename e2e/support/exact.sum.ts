/** Of decimals as text: as whole numbers of their last digit. */
export function exactSum(list: readonly { amount: string }[]): string {
  const PLACES = 30;
  const units = list.reduce((sum, { amount }) => {
    const [whole = '', rest = ''] = amount.split('.');
    return sum + BigInt(whole + rest.padEnd(PLACES, '0'));
  }, 0n);
  const text = units.toString().padStart(PLACES + 1, '0');
  return `${text.slice(0, -PLACES)}.${text.slice(-PLACES)}`.replace(/\.?0+$/, '');
}
